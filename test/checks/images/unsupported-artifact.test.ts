import { describe, expect, it } from 'vitest';
import { unsupportedArtifact } from '../../../src/checks/images/unsupported-artifact.ts';
import { type Digest, digestOf } from '../../../src/image/digest.ts';
import { DOCKER_SCHEMA1, OCI_ARTIFACT, OCI_INDEX } from '../../../src/image/media-types.ts';
import {
  artifact,
  buildCache,
  type Content,
  helmChart,
  image,
  multiArch,
  nestedIndex,
} from '../../builders/images.ts';
import { from } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { check } from '../checking.ts';

function contentOf(mediaType: string, body: object): Content {
  const bytes = Buffer.from(JSON.stringify(body));
  const digest: Digest = digestOf(bytes);
  return { manifest: { mediaType, digest, bytes }, blobs: [], children: [] };
}

async function messagesOf(content: Content): Promise<string[]> {
  const registry = new MemoryRegistry();
  const digest = registry.push('s.io/s/app', content);
  const manifest = from('s.io/s')
    .to('p.io/p')
    .promote({ app: { [digest]: ['v1'] } });
  const { findings } = await check([unsupportedArtifact('all', { level: 'warn' })], registry, manifest);
  return findings.map(({ message }) => message.slice(message.indexOf(' ') + 1));
}

describe('unsupported-artifact', () => {
  const child = { mediaType: 'application/vnd.example+json', digest: `sha256:${'a'.repeat(64)}`, size: 2 };
  it.each([
    ['schema 1', contentOf(DOCKER_SCHEMA1, { fsLayers: [] }), 'is a manifest of Docker schema 1'],
    [
      'artifact manifests',
      contentOf(OCI_ARTIFACT, { blobs: [] }),
      'is an artifact manifest, a type that OCI 1.1 has withdrawn',
    ],
    [
      'an index with unknown entries',
      contentOf(OCI_INDEX, { mediaType: OCI_INDEX, manifests: [child, child] }),
      'is an index that lists "application/vnd.example+json"',
    ],
  ])('finds %s', async (_what, content, message) => {
    expect(await messagesOf(content)).toEqual([`${message}, which many registries refuse`]);
  });

  it('finds a build cache', async () => {
    expect(await messagesOf(buildCache('cache'))).toEqual([
      expect.stringMatching(/^is an index that lists /),
    ]);
  });

  it.each([image({ seed: 'a' }), multiArch('b'), nestedIndex('c'), helmChart('d'), artifact('e')])(
    'has nothing to say about what registries accept (%#)',
    async (content) => {
      expect(await messagesOf(content)).toEqual([]);
    },
  );
});
