import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { untilAborted } from '../../base/concurrency.ts';
import { LayoutError } from '../../manifest/layout/layout-error.ts';
import type { Problem, ReadManifests } from '../../manifest/model.ts';
import { renderProblem } from '../../manifest/problem.ts';
import { type ManifestLocation, type ReadOptions, readManifests } from '../../manifest/read-manifests.ts';
import type { Log, LogLevel } from '../../ports/log.ts';
import { InputError } from '../flags/usage-error.ts';

export interface LoadOptions extends ReadOptions {
  /** Throws for any file that is not YAML. Otherwise only its project is left out, unless no project can be parsed. */
  readonly strict: boolean;
  /** Level of the line with the counts. Default: `info`. */
  readonly countLevel?: LogLevel;
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** Completes the problems before they are logged. */
  readonly review?: (read: ReadManifests) => Promise<ReadManifests>;
}

/**
 * Reads the manifests and logs every problem. Throws an `InputError` if no usable manifest is left. A stopped run reads
 * none, because it has a report too.
 */
export async function loadManifests(
  where: ManifestLocation,
  { strict, countLevel = 'info', log, stopping, review = async (read) => read, ...options }: LoadOptions,
): Promise<ReadManifests> {
  const reading = readManifests(where, stopping, options).then(review);
  const read = await untilAborted(reading, stopping).catch(async (error: unknown) => {
    if (stopping.aborted) return NOTHING_READ;
    throw error instanceof LayoutError ? new InputError(`${error.message}${await adviceFor(where)}`) : error;
  });
  for (const problem of read.problems) log.write(problem.severity, renderProblem(problem));
  const { projects, images, digests } = read.counts;
  log.write(countLevel, 'manifests read', { projects, images, digests });
  const unparsable = countUnparsable(read.problems);
  if (unparsable > 0 && (strict || unparsable === projects)) {
    throw new InputError(`${unparsable} of ${projects} manifests cannot be parsed: see above`);
  }
  return read;
}

/** Number of projects with a file that is not YAML, or too large to be parsed. */
function countUnparsable(problems: readonly Problem[]): number {
  const files = problems
    .filter(({ rule }) => rule === 'yaml' || rule === 'file-size')
    .map(({ at }) => at.file);
  return new Set(files.map((file) => dirname(file).replace(/^(?:manifests|images)\//, ''))).size;
}

async function adviceFor(where: ManifestLocation): Promise<string> {
  if (where.kind !== 'plain') return '';
  const found = await stat(where.file).catch(() => undefined);
  return found?.isDirectory() ? `; did you mean -thin-manifest-dir=${where.file}?` : '';
}

const NOTHING_READ: ReadManifests = {
  manifests: [],
  problems: [],
  counts: { projects: 0, images: 0, digests: 0 },
};
