import { readFile, writeFile } from 'node:fs/promises';
import type { Environment } from '../../../adapters/git/git.ts';
import { assertNever } from '../../../base/errors.ts';
import { readSource } from '../../../manifest/layout/read-source.ts';
import { mergeLists } from '../../../manifest/merge/merge-lists.ts';
import { SourceFile } from '../../../manifest/source-file.ts';
import type { Log } from '../../../ports/log.ts';
import type { LogOptions } from '../../flags/options/run-options.ts';
import { InputError } from '../../flags/usage-error.ts';
import { BYTE_ORDER_MARK } from '../../output/image-lists.ts';
import { createLogger } from '../../output/logger.ts';
import { gitLineMerges, type MergeFiles } from '../../runtime/local-git.ts';
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
  return await mergeFiles(options, { env, log });
}

interface DriverContext {
  readonly env: Environment;
  readonly log: Log;
}

async function mergeFiles(
  files: MergeFiles & { readonly path: string },
  { env, log }: DriverContext,
): Promise<number> {
  const lines = gitLineMerges(files, env);
  const [base, ours, theirs] = await Promise.all([files.base, files.ours, files.theirs].map(readText));
  if (base === undefined || ours === undefined || theirs === undefined) {
    log.write('warning', `${files.path}: merged by lines, as git does: a side is not UTF-8`);
    return (await lines.inPlace()) ? 0 : 1;
  }
  const merge = await mergeLists({ base, ours, theirs }, lines);
  const hasMark = (await readFile(files.ours, 'utf8')).startsWith(BYTE_ORDER_MARK);
  await writeFile(files.ours, `${hasMark ? BYTE_ORDER_MARK : ''}${merge.text}`);
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

async function readText(path: string): Promise<string | undefined> {
  const { signal } = new AbortController();
  const source = await readSource({ file: path, path }, signal);
  if (!(source instanceof SourceFile)) throw new InputError(source.message);
  return source.problems.length === 0 ? source.text : undefined;
}
