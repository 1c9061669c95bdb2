import { assertNever } from '../../base/errors.ts';
import { listSome, quote } from '../../base/text.ts';
import { asRepository, isWithin, type RegistryName } from '../../image/repository.ts';
import type { SnapshotImage } from '../../image/snapshot-image.ts';
import { LayoutError } from '../../manifest/layout/layout-error.ts';
import type { PromoterManifest, ReadManifests } from '../../manifest/model.ts';
import { renderProblem } from '../../manifest/problem.ts';
import { readSnapshot } from '../../manifest/snapshot/read-snapshot.ts';
import { InputError } from '../flags/usage-error.ts';
import type { Browser } from './browse.ts';
import { loadManifests } from '../runtime/load-manifests.ts';
import type { Side } from './diff-side.ts';

/** A side of a comparison, with the content of its files. */
export type ReadSide =
  | Extract<Side, { readonly kind: 'registry' }>
  | (Extract<Side, { readonly kind: 'snapshot' }> & { readonly images: readonly SnapshotImage[] })
  | (Extract<Side, { readonly kind: 'manifests' }> & { readonly read: ReadManifests });

/** Reads the files of a side and logs their problems. Throws an `InputError` for files that cannot be used. */
export async function readSide(side: Side, browser: Browser): Promise<ReadSide> {
  switch (side.kind) {
    case 'registry':
      return side;
    case 'snapshot':
      return { ...side, images: await readImages(side.file, browser) };
    case 'manifests': {
      const { log, signal: stopping } = browser;
      const read = await loadManifests(side.where, { strict: true, log, stopping });
      stopping.throwIfAborted();
      refuseStrangers(read.manifests, side);
      return { ...side, read };
    }
    default:
      return assertNever(side);
  }
}

/** Manifests without a destination at the registry would make each of its images a difference. */
function refuseStrangers(
  manifests: readonly PromoterManifest[],
  { registry, title }: Extract<Side, { readonly kind: 'manifests' }>,
): void {
  const names = new Set(manifests.flatMap(({ destinations }) => destinations.map(({ name }) => name)));
  const meets = (name: RegistryName) =>
    isWithin(asRepository(name), registry) || isWithin(asRepository(registry), name);
  if (Array.from(names).some(meets)) return;
  const all = Array.from(names).toSorted();
  const found = all.length === 0 ? 'they have none' : `theirs are ${listSome(all)}`;
  throw new InputError(`the manifests of ${quote(title)} have no destination at ${registry}: ${found}`);
}

/** Reads the images of a snapshot and logs its problems. Throws an `InputError` for a file that cannot be used. */
export async function readImages(
  file: string,
  { log, signal }: Pick<Browser, 'log' | 'signal'>,
): Promise<readonly SnapshotImage[]> {
  const { images, problems } = await readSnapshot(file, signal).catch((error: unknown) => {
    throw error instanceof LayoutError ? new InputError(error.message) : error;
  });
  for (const problem of problems) log.write(problem.severity, renderProblem(problem));
  if (problems.some(({ severity }) => severity === 'error')) {
    throw new InputError('a snapshot cannot be used: see above');
  }
  return images;
}
