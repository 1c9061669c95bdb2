import type { Digest } from '../../image/digest.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import { manifestPaths, VersionParser } from '../../manifest/version-parser.ts';
import { type History, HistoryError } from '../../ports/history.ts';

/**
 * The digests that the manifests of the branch had `age` milliseconds ago. None without a history: then no digest is
 * known to be that old.
 */
export async function settledDigests(
  where: ManifestLocation,
  { history, age }: { readonly history: History; readonly age: number },
  signal: AbortSignal,
): Promise<ReadonlySet<Digest>> {
  try {
    const { states } = await history.since(`${Math.ceil(age / 1000)} seconds ago`, signal);
    const [before] = states;
    const paths = manifestPaths(where, await history.list(before, signal));
    const { manifests } = new VersionParser(where).parse(await history.read(before, paths, signal));
    const entries = manifests.flatMap(({ images }) => images.flatMap(({ digests }) => digests));
    return new Set(entries.map(({ digest }) => digest));
  } catch (error) {
    if (error instanceof HistoryError) return new Set();
    throw error;
  }
}
