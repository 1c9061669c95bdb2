import { describe, expect, it } from 'vitest';
import type { Verification } from '../../../../src/report/report.ts';
import { type Digest, digestOf } from '../../../../src/image/digest.ts';
import { OCI_MANIFEST } from '../../../../src/image/media-types.ts';
import { buildCache, type Content, image, index } from '../../../builders/images.ts';
import { from } from '../../../builders/manifests.ts';
import { MemoryRegistry } from '../../../doubles/memory-registry.ts';
import { verifyManifests } from '../verifying.ts';

const SOURCE = 's.io/s/app';
const EU = 'eu.io/p/app';
const TYPE = 'application/vnd.example.v1+json';
const cache = buildCache('repair', [TYPE, 'application/vnd.example.v2+json']);
const [first, second] = cache.blobs;
const child = image({ seed: 'child of an unknown type' });
if (first === undefined || second === undefined) throw new Error('no blobs');

/** An index of manifests under a type that nobody knows. */
function unknownEntries(children: readonly Content[]): Content {
  const { manifest } = index({ children });
  const bytes = Buffer.from(manifest.bytes.toString().replaceAll(OCI_MANIFEST, TYPE));
  return { manifest: { ...manifest, digest: digestOf(bytes), bytes }, blobs: [], children };
}

/** Repairs what is at the source and at a destination, after the destination is damaged. */
function repairDamaged(content: Content, damage: (registry: MemoryRegistry) => void): Promise<Verification> {
  const registry = new MemoryRegistry();
  for (const name of [SOURCE, EU]) registry.push(name, content, 'v1');
  damage(registry);
  const manifest = from('s.io/s')
    .to('eu.io/p')
    .promote({ app: { [content.manifest.digest]: ['v1'] } });
  return verifyManifests(registry, [manifest], { deep: true, repair: 'confirmed' });
}

function belowTheRoot({ repair }: Verification, root: Digest): readonly string[] {
  const below = (repair?.pieces ?? []).filter(({ digest }) => digest !== root);
  return below.map(({ outcome, condition, piece, digest }) => `${outcome} ${condition} ${piece} ${digest}`);
}

describe('the repair of an index whose entries have unknown types', () => {
  it.each<[string, (registry: MemoryRegistry) => void, string]>([
    ['lost', (registry) => registry.lose(EU, first.digest), 'missing'],
    ['without data', (registry) => registry.damageBlob(EU, first.digest, 'data'), 'damaged'],
    ['with a wrong bit at its end', (registry) => registry.damageBlob(EU, first.digest, 'bit'), 'damaged'],
  ])('sends a blob that is %s, and no other', async (_, damage, condition) => {
    const verification = await repairDamaged(cache, (registry) => {
      damage(registry);
      registry.lose(EU, second.digest); // a wrong bit shows in an image that is read whole
    });
    expect(verification.summary).toMatchObject({ edges: 1, repaired: 1, incomplete: 0 });
    expect(belowTheRoot(verification, cache.manifest.digest).toSorted()).toEqual(
      [`sent ${condition} blob ${first.digest}`, `sent missing blob ${second.digest}`].toSorted(),
    );
  });

  it('does not send an intact blob', async () => {
    const verification = await repairDamaged(cache, (registry) => registry.lose(EU, second.digest));
    expect(verification.summary).toMatchObject({ edges: 1, repaired: 1, incomplete: 0 });
    expect(belowTheRoot(verification, cache.manifest.digest)).toEqual([`sent missing blob ${second.digest}`]);
  });

  it('sends a manifest as a manifest', async () => {
    const content = unknownEntries([child]);
    const { digest } = child.manifest;
    const verification = await repairDamaged(content, (registry) => registry.lose(EU, digest));
    expect(verification.summary).toMatchObject({ edges: 1, repaired: 1, incomplete: 0 });
    expect(belowTheRoot(verification, content.manifest.digest)).toEqual([`sent missing manifest ${digest}`]);
  });
});
