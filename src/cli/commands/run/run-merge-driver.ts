import { assertNever } from '../../../base/errors.ts';
import { readSource } from '../../../manifest/layout/read-source.ts';
import { mergeLists } from '../../../manifest/merge/merge-lists.ts';
import { SourceFile } from '../../../manifest/source-file.ts';
import type { Log } from '../../../ports/log.ts';
import type { LogOptions } from '../../flags/options/run-options.ts';
import { InputError } from '../../flags/usage-error.ts';
import { replaceText } from '../../output/image-lists.ts';
import { createLogger } from '../../output/logger.ts';
import { type GitLineMerges, gitLineMerges, type MergeFiles } from '../../runtime/local-git.ts';
import type { ProcessContext } from '../command.ts';
import { installMergeDriver } from './install-merge-driver.ts';

/** A request to merge a file for git, whose `ours` gets the result, or to set that up. */
export type MergeDriverOptions =
  | (MergeFiles & {
      readonly kind: 'merge';
      /** The name of the file in the repository. */
      readonly path: string;
      readonly log: LogOptions;
    })
  | { readonly kind: 'install'; readonly isGlobal: boolean; readonly log: LogOptions };

/** `cip merge-driver` from its options to its exit code. */
export async function runMergeDriver(
  options: MergeDriverOptions,
  { stdio, env }: ProcessContext,
): Promise<number> {
  const log = createLogger(stdio, options.log, Date.now);
  if (options.kind === 'install') return await installMergeDriver(options, { env, log });
  const lines = gitLineMerges(options, env);
  try {
    return await mergeFiles(options, { lines, log });
  } catch (error) {
    await leaveConflict(options, { lines, log });
    throw error;
  }
}

/** Git takes our side as the result of a driver that fails: without markers the other side would be lost. */
async function leaveConflict(
  { path }: { readonly path: string },
  { lines, log }: DriverContext,
): Promise<void> {
  const isMarked = await lines.inPlace().then(
    () => true,
    () => false,
  );
  log.write(
    'error',
    isMarked
      ? `${path}: merged by lines after a failure: check the file before you commit it`
      : `${path}: not merged, the file may have our side only: run "git checkout --merge -- ${path}" before you commit it`,
  );
}

interface DriverContext {
  readonly lines: GitLineMerges;
  readonly log: Log;
}

async function mergeFiles(
  files: MergeFiles & { readonly path: string },
  { lines, log }: DriverContext,
): Promise<number> {
  const sides = await Promise.all([files.base, files.ours, files.theirs].map(read));
  const [problem] = sides.flatMap(({ problems }) => problems);
  if (problem !== undefined) {
    log.write('warning', `${files.path}: merged by lines, as git does: ${problem.message}`);
    return (await lines.inPlace()) ? 0 : 1;
  }
  const [base = '', ours = '', theirs = ''] = sides.map(({ text }) => text);
  const merge = await mergeLists({ base, ours, theirs }, lines);
  await replaceText(files.ours, { before: ours, text: merge.text });
  switch (merge.kind) {
    case 'merged':
      return 0;
    case 'conflict':
      for (const reason of merge.reasons) log.write('error', `${files.path}: ${reason}`);
      return 1;
    case 'by-lines':
      log.write('warning', `${files.path}: merged by lines, as git does: ${merge.reason}`);
      return merge.isClean ? 0 : 1;
    default:
      return assertNever(merge);
  }
}

/** A file that is too large or not UTF-8 has a problem. */
async function read(path: string): Promise<SourceFile> {
  const { signal } = new AbortController();
  const source = await readSource({ file: path, path }, signal);
  if (!(source instanceof SourceFile)) throw new InputError(source.message);
  return source;
}
