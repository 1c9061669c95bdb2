import { realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
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
}: Pick<PromotionOptions, 'where' | 'keyFiles' | 'caFiles' | 'planKey'>): ReportInputs {
  return inputsAt(where, [...keyFiles, ...caFiles, ...(planKey === undefined ? [] : [planKey])]);
}

/** The manifests, and further files. */
export function inputsAt(where: ManifestLocation | undefined, files: readonly string[]): ReportInputs {
  if (where === undefined) return { files };
  return where.kind === 'plain' ? { files: [where.file, ...files] } : { files, directory: where.directory };
}

/** True for a target that is one of the input files, under any name. */
export async function isInput(place: ReportTarget, { files, directory }: ReportInputs): Promise<boolean> {
  if (place.kind !== 'file' || place.old === undefined) return false;
  const { dev, ino } = place.old;
  for (const file of files) {
    const found = await stat(file).catch(() => undefined);
    if (found?.dev === dev && found.ino === ino) return true;
  }
  if (directory === undefined) return false;
  const root = await realpath(directory).catch(() => undefined);
  if (root === undefined || !isBelow(place.path, root)) return false;
  const tops = await Promise.all(
    ['manifests', 'images'].map((top) => realpath(join(root, top)).catch(() => join(root, top))),
  );
  return place.path.endsWith('.yaml') || tops.some((top) => isBelow(place.path, top));
}

function isBelow(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
}
