import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { image, push } from '../../builders/images.ts';
import { runWithReport } from '../../doubles/run-cip.ts';
import { embedded, manifestFlag, writesOf } from '../staging.ts';

const content = image({ seed: 'confused' });
const [config, ...layers] = content.blobs.map(({ mediaType, digest, bytes }) => ({
  mediaType,
  digest,
  size: bytes.length,
}));
const child = {
  mediaType: OCI_MANIFEST,
  digest: content.manifest.digest,
  size: content.manifest.bytes.length,
};

/** How it is served, and what it says. */
const CONFUSED: Readonly<Record<string, readonly [string, Record<string, unknown>]>> = {
  both: [OCI_INDEX, { manifests: [child], layers }],
  'both-with-config': [OCI_INDEX, { manifests: [child], config }],
  'both-as-manifest': [OCI_MANIFEST, { manifests: [child], config, layers }],
  'both-empty': [OCI_MANIFEST, { manifests: [], config, layers: [] }],
  'both-null': [OCI_INDEX, { manifests: [child], layers: null }],
  'index-as-manifest': [OCI_MANIFEST, { manifests: [child] }],
  'manifest-as-index': [OCI_INDEX, { config, layers }],
  'other-type': [OCI_MANIFEST, { mediaType: DOCKER_MANIFEST, config, layers }],
  'other-index-type': [OCI_INDEX, { mediaType: DOCKER_LIST, manifests: [child] }],
  'index-type': [OCI_MANIFEST, { mediaType: OCI_INDEX, config, layers }],
  'no-text-type': [OCI_MANIFEST, { mediaType: { toString: 1 }, config, layers }],
  'type-with-controls': [OCI_MANIFEST, { mediaType: '\u001b[2J\u202e\n', config, layers }],
  'long-type': [OCI_MANIFEST, { mediaType: 'x'.repeat(1_000_000), config, layers }],
};

describe('a document that is two kinds at once (CVE-2021-41190, GHSA-mc8v-mgrf-8f4m, GHSA-77vh-xpmg-72qh)', () => {
  it('is not promoted, and neither is what leads to it', async () => {
    const from = await embedded();
    const to = await embedded();
    const images = Object.entries(CONFUSED).map(([name, [type, body]]) => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...body }));
      push(from, `from/${name}`, content);
      from.store.putManifest(`from/${name}`, digestOf(bytes), type, bytes);
      const parent = { mediaType: type, digest: digestOf(bytes), size: bytes.length };
      const index = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [parent] }),
      );
      from.store.putManifest(`from/${name}`, digestOf(index), OCI_INDEX, index);
      return [name, { [digestOf(bytes)]: ['v1'], [digestOf(index)]: ['v2'] }] as const;
    });
    const flag = await manifestFlag({
      from: `${from.host}/from`,
      to: [`${to.host}/to`],
      images: Object.fromEntries(images),
    });
    const { status, report } = await runWithReport([flag, '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ failed: 2 * images.length, copied: 0 });
    expect(writesOf(to).filter((write) => write.includes('/manifests/'))).toEqual([]);
    for (const { reason } of report.items) {
      expect(reason).toMatch(
        /^it has both manifests and layers|^its mediaType is .* but it was served as|^config of \S+ is not|^manifest \S+ has no list of/,
      );
      expect(reason.length).toBeLessThan(500);
    }
  });
});
