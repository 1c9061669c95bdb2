import { resolve } from 'node:path';
import { describeFailure, type Environment, runGit } from '../../adapters/git/git.ts';
import { ProgramError, type ProgramRun } from '../../base/run-program.ts';
import type { LineMerges } from '../../manifest/merge/merge-lists.ts';
import { withoutMark } from '../output/image-lists.ts';
import { InputError } from '../flags/usage-error.ts';

/** The files of one merge. */
export interface MergeFiles {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface GitLineMerges extends LineMerges {
  /** Writes the text with conflict markers to `ours`. True if there is none. */
  readonly inPlace: () => Promise<boolean>;
}

/** The merges of files by `git merge-file`. Its exit code is the number of conflicts. */
export function gitLineMerges(files: MergeFiles, env: Environment): GitLineMerges {
  const names = ['-L', 'ours', '-L', 'base', '-L', 'theirs'];
  const paths = [files.ours, files.base, files.theirs].map((path) => resolve(path));
  const merge = async (...flags: readonly string[]) =>
    await runLocalGit(['merge-file', ...flags, ...names, ...paths], env);
  return {
    marked: async () => {
      const { end, output } = await merge('-p');
      return { text: withoutMark(output.toString()), isClean: end === 'exit 0' };
    },
    union: async () => withoutMark((await merge('-p', '--union')).output.toString()),
    inPlace: async () => (await merge()).end === 'exit 0',
  };
}

/** Milliseconds. */
const GIT_LIMIT = 60_000;
const MAX_OUTPUT = 128 * 1024 * 1024;
/** Other codes are answers, such as the number of conflicts. */
const FAILURES: ReadonlySet<string> = new Set(['exit 128', 'exit 129', 'exit 255']);

/** Runs git in the current directory. Throws an `InputError` where it cannot be run. */
export async function runLocalGit(args: readonly string[], env: Environment): Promise<ProgramRun<Buffer>> {
  const { signal } = new AbortController();
  const call = { directory: '.', args, env, limit: GIT_LIMIT, maxOutput: MAX_OUTPUT, signal };
  const run = await runGit(call).catch((error: unknown) => {
    throw error instanceof ProgramError ? new InputError(describeFailure(error)) : error;
  });
  if (FAILURES.has(run.end)) throw new InputError(`git ${args[0]}: ${run.stderr.trim()}`);
  return run;
}
