import { join } from 'node:path';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { type Digest, digestOf } from '../../src/image/digest.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { makeIndex, type ServedIndex } from '../../test/doubles/universe-listing.ts';
import { startUniverse } from '../../test/doubles/universe-server.ts';
import { runCip } from './run-cip.ts';
import { renderAudit } from './table.ts';
import { writeThin } from './write-thin.ts';

/** Above what this machine asks: the run then shows the program and not the quota. */
const NO_USER_QUOTA = '-budget=user=100000';

/**
 * Measures `cip audit` of production as the manifests say: once with images of one platform alone, which have nothing to
 * explain, and once with five untagged children for each image.
 */
export async function measureAudits(manifests: readonly PromoterManifest[], place: string): Promise<void> {
  const indexes = new Map<Digest, ServedIndex>();
  const withIndexes = manifests.map((manifest) => asIndexes(manifest, indexes));
  const universes = [
    { name: 'nothing to explain', wanted: manifests, indexes: new Map<Digest, ServedIndex>() },
    { name: 'five children for each image', wanted: withIndexes, indexes },
  ];
  for (const { name, wanted, indexes } of universes) {
    const where = join(place, name.replaceAll(' ', '-'));
    await writeThin(where, wanted);
    const universe = await startUniverse(expandEdges(wanted), { indexes });
    try {
      const args = ['audit', `-thin-manifest-dir=${where}`, '-no-service-account', NO_USER_QUOTA];
      const run = await runCip([...args, ...universe.flags], {
        place,
        env: { HTTP_PROXY: universe.proxyUrl },
      });
      console.log(renderAudit(name, run, universe.questions));
    } finally {
      await universe.close();
    }
  }
}

/** The same manifest with digests of indexes that a client can read. */
function asIndexes(manifest: PromoterManifest, indexes: Map<Digest, ServedIndex>): PromoterManifest {
  const indexFor = (seed: Digest): Digest => {
    const index = makeIndex(seed);
    const digest = digestOf(Buffer.from(index.body));
    indexes.set(digest, index);
    return digest;
  };
  return {
    ...manifest,
    images: manifest.images.map((image) => ({
      ...image,
      digests: image.digests.map((entry) => ({ ...entry, digest: indexFor(entry.digest) })),
    })),
  };
}
