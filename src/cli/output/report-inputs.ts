import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import type { ReportTarget } from './report-target.ts';

/** The input files of a run, which a report must not overwrite. */
export interface ReportInputs {
  readonly files: readonly string[];
  /** A directory of thin manifests: its manifests and lists of images. */
  readonly directory?: string;
}

export function inputsOf({
  where,
  keyFiles,
  caFiles,
  planKey,
  vulnerabilities: { scanResults, vex },
}: Pick<PromotionOptions, 'where' | 'keyFiles' | 'caFiles' | 'planKey' | 'vulnerabilities'>): ReportInputs {
  const keys = planKey === undefined ? [] : [planKey];
  return inputsAt(where, [...keyFiles, ...caFiles, ...keys, ...scanResults, ...vex]);
}

/** The manifests, and further files. */
export function inputsAt(where: ManifestLocation | undefined, files: readonly string[]): ReportInputs {
  if (where === undefined) return { files };
  return where.kind === 'plain' ? { files: [where.file, ...files] } : { files, directory: where.directory };
}

/** True for a target that is one of the input files, under any name. An input may be missing: a run may write it. */
export async function isInput(place: ReportTarget, { files, directory }: ReportInputs): Promise<boolean> {
  if (place.kind !== 'file') return false;
  for (const file of files) if (await isAt(file, place)) return true;
  if (directory === undefined || place.old === undefined) return false;
  const root = await realpath(directory).catch(() => undefined);
  if (root === undefined || !isBelow(place.path, root)) return false;
  const tops = await Promise.all(
    ['manifests', 'images'].map((top) => realpath(join(root, top)).catch(() => join(root, top))),
  );
  return place.path.endsWith('.yaml') || tops.some((top) => isBelow(place.path, top));
}

async function isAt(
  file: string,
  { path, old }: Extract<ReportTarget, { readonly kind: 'file' }>,
): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined) return found.dev === old?.dev && found.ino === old.ino;
  const directory = await realpath(dirname(file)).catch(() => undefined);
  return old === undefined && directory !== undefined && join(directory, basename(file)) === path;
}

function isBelow(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}
