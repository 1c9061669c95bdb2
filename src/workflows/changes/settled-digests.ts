import type { UnknownTime } from '../../checks/images/upload-age.ts';
import type { Digest } from '../../image/digest.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import { manifestPaths, VersionParser } from '../../manifest/version-parser.ts';
import { type History, HistoryError } from '../../ports/history.ts';

/** The digests that the manifests of the branch had `age` milliseconds ago, or the reason why they are unknown. */
export async function settledDigests(
  where: ManifestLocation,
  { history, age }: { readonly history: History; readonly age: number },
  signal: AbortSignal,
): Promise<ReadonlySet<Digest> | UnknownTime> {
  try {
    const { states } = await history.since(`${Math.ceil(age / 1000)} seconds ago`, signal);
    const [before] = states;
    const paths = manifestPaths(where, await history.list(before, signal));
    const { manifests } = new VersionParser(where).parse(await history.read(before, paths, signal));
    const entries = manifests.flatMap(({ images }) => images.flatMap(({ digests }) => digests));
    return new Set(entries.map(({ digest }) => digest));
  } catch (error) {
    if (error instanceof HistoryError) return { unknown: error.message };
    throw error;
  }
}
