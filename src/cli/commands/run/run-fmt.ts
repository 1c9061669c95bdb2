import { join } from 'node:path';
import { isAbort } from '../../../base/errors.ts';
import { formatPosition } from '../../../base/position.ts';
import { unifiedDiff } from '../../../base/unified-diff.ts';
import { formatManifest } from '../../../manifest/format/format-manifest.ts';
import { LayoutError } from '../../../manifest/layout/layout-error.ts';
import { readLayout } from '../../../manifest/layout/layout.ts';
import { readSource, type SourceLocation } from '../../../manifest/layout/read-source.ts';
import { renderProblem } from '../../../manifest/problem.ts';
import { SourceFile } from '../../../manifest/source-file.ts';
import type { Log } from '../../../ports/log.ts';
import type { LogOptions } from '../../flags/options/run-options.ts';
import { InputError } from '../../flags/usage-error.ts';
import { replaceText } from '../../output/image-lists.ts';
import { createLogger } from '../../output/logger.ts';
import { type Stdio, writeTo } from '../../output/stdio.ts';
import { catchStopSignals } from '../../runtime/stop-signals.ts';
import type { ProcessContext } from '../command.ts';

/** The files to format. */
export type FormatTarget =
  | { readonly kind: 'files'; readonly files: readonly string[] }
  | { readonly kind: 'thin'; readonly directory: string };

/** A complete request to format manifests. */
export interface FormatOptions {
  readonly target: FormatTarget;
  /** Writes nothing; prints the names of files that are not formatted, unless `showsDiff`. */
  readonly isCheck: boolean;
  /** Writes nothing; prints diffs. */
  readonly showsDiff: boolean;
  readonly log: LogOptions;
}

type FileResult = 'formatted' | 'changed' | 'unparsable';

interface FormatRun extends Pick<FormatOptions, 'isCheck' | 'showsDiff'> {
  readonly log: Log;
  readonly stdio: Stdio;
  readonly signal: AbortSignal;
}

/** `cip fmt` from its options to its exit code. */
export async function runFormat(options: FormatOptions, { stdio }: ProcessContext): Promise<number> {
  const log = createLogger(stdio, options.log, Date.now);
  const stop = catchStopSignals();
  const results: FileResult[] = [];
  try {
    const files = await filesOf(options.target, stop.stopping);
    const run = { ...options, log, stdio, signal: stop.stopping };
    for (const file of files) results.push(await formatFile(file, run));
  } catch (error) {
    const exitCode = stop.exitCode();
    if (exitCode === undefined || !isAbort(error, stop.stopping)) throw error;
    log.write('warning', 'stopped before all files were formatted: run it again');
    return exitCode;
  } finally {
    stop.release();
  }
  return conclude(results, options, log);
}

/** Links are refused in a thin directory: a file replaced by a link could lead out of it. */
async function filesOf(target: FormatTarget, signal: AbortSignal): Promise<readonly SourceLocation[]> {
  if (target.kind === 'files') return Array.from(new Set(target.files)).map((file) => ({ file, path: file }));
  const { directory } = target;
  const layout = await readLayout(directory, signal).catch((error: unknown) => {
    throw error instanceof LayoutError ? new InputError(error.message) : error;
  });
  return layout.projects
    .flatMap(({ manifest, images }) => [manifest, images])
    .map(({ file, path }) => ({ file: join(directory, file), path, links: 'refuse' }));
}

async function formatFile(
  location: SourceLocation,
  { isCheck, showsDiff, log, stdio, signal }: FormatRun,
): Promise<FileResult> {
  const { file, path } = location;
  const source = await readSource(location, signal);
  if (!(source instanceof SourceFile)) throw new InputError(source.message);
  const formatted = formatManifest(source);
  switch (formatted.kind) {
    case 'unparsable':
      for (const problem of formatted.problems) log.write('error', renderProblem(problem));
      return 'unparsable';
    case 'kept':
      log.write('warning', `${formatPosition(formatted.at)}: the file is not formatted: ${formatted.reason}`);
      return 'formatted';
    case 'formatted':
      break;
  }
  const { text: before } = source;
  const { text } = formatted;
  if (text === before) return 'formatted';
  if (showsDiff) await writeTo(stdio.out, unifiedDiff(file, before, text));
  else if (isCheck) await writeTo(stdio.out, `${file}\n`);
  else await replaceText(path, { before, text });
  return 'changed';
}

/** The exit code: 2 if no file can be parsed, as for every command. */
function conclude(
  results: readonly FileResult[],
  { isCheck, showsDiff }: Pick<FormatOptions, 'isCheck' | 'showsDiff'>,
  log: Log,
): number {
  const count = (result: FileResult) => results.filter((one) => one === result).length;
  const [changed, unparsable] = [count('changed'), count('unparsable')];
  const counts = { files: results.length, changed, unparsable };
  const isRefused = isCheck && changed > 0;
  if (isRefused) log.write('error', 'files are not formatted: run cip fmt without -check', counts);
  else log.write('info', isCheck || showsDiff ? 'nothing was written' : 'formatted', counts);
  if (unparsable > 0 && unparsable === results.length) return 2;
  return unparsable > 0 || isRefused ? 1 : 0;
}
