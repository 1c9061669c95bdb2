import { listSome } from '../../base/text.ts';
import { asRepository, isWithin, type RegistryName } from '../../image/repository.ts';
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

/**
 * Reads the snapshots of an audit. Throws an `InputError` for a file, a `UsageError` for one without its registry, or
 * with a registry that is not audited.
 */
export async function readSnapshots(
  files: readonly SnapshotFile[],
  manifests: readonly PromoterManifest[],
  browser: Pick<Browser, 'log' | 'signal'>,
): Promise<readonly Snapshot[]> {
  if (browser.signal.aborted) return []; // a stopped run may have no manifests
  const roots = Array.from(findRoots(manifests));
  const snapshots = new Map<RegistryName, Snapshot>();
  for (const { file, registry = onlyRoot(file, roots) } of files) {
    refuseStranger({ file, registry }, roots);
    if (snapshots.has(registry))
      throw new UsageError(`-since names ${registry} twice: give one snapshot of each registry`);
    snapshots.set(registry, { registry, images: await readImages(file, browser) });
  }
  return Array.from(snapshots.values());
}

function onlyRoot(file: string, roots: readonly RegistryName[]): RegistryName {
  const [root, ...others] = roots;
  if (root !== undefined && others.length === 0) return root;
  throw new UsageError(
    `-since=${file} does not name the registry of the snapshot: give -since=${file}@REGISTRY; the destinations are ${listSome(roots)}`,
  );
}

/** Nothing would be compared with the snapshot of a registry that is not audited. */
function refuseStranger(
  { file, registry }: { file: string; registry: RegistryName },
  roots: readonly RegistryName[],
): void {
  if (roots.some((root) => isRelated(root, registry))) return;
  throw new UsageError(
    `-since=${file}@${registry}: ${registry} is not audited; the destinations are ${listSome(roots)}`,
  );
}

function isRelated(one: RegistryName, other: RegistryName): boolean {
  return isWithin(asRepository(one), other) || isWithin(asRepository(other), one);
}
