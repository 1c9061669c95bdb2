import { listSome } from '../../base/text.ts';
import type { RegistryName } from '../../image/repository.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import { findRoots } from '../../workflows/audit/audit-scope.ts';
import type { Snapshot } from '../../workflows/audit/earlier-state.ts';
import type { Browser } from '../browse/browse.ts';
import { readImages } from '../browse/read-side.ts';
import { UsageError } from '../flags/usage-error.ts';

/** A snapshot of `-since`. */
export interface SnapshotFile {
  readonly file: string;
  /** Undefined: the only destination registry. */
  readonly registry: RegistryName | undefined;
}

/** Reads the snapshots of an audit. Throws an `InputError` for a file, a `UsageError` for one without its registry. */
export async function readSnapshots(
  files: readonly SnapshotFile[],
  manifests: readonly PromoterManifest[],
  browser: Pick<Browser, 'log' | 'signal'>,
): Promise<readonly Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (const { file, registry = onlyRoot(file, manifests) } of files) {
    snapshots.push({ registry, images: await readImages(file, browser) });
  }
  return snapshots;
}

function onlyRoot(file: string, manifests: readonly PromoterManifest[]): RegistryName {
  const [root, ...others] = findRoots(manifests);
  if (root !== undefined && others.length === 0) return root;
  const roots = root === undefined ? [] : [root, ...others];
  throw new UsageError(
    `-since=${file} does not name the registry of the snapshot: give -since=${file}@REGISTRY; the destinations are ${listSome(roots)}`,
  );
}
