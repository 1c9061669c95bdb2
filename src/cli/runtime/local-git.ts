import { describeFailure, type Environment, runGit } from '../../adapters/git/git.ts';
import { ProgramError, type ProgramRun } from '../../base/run-program.ts';
import { InputError } from '../flags/usage-error.ts';

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
  if (FAILURES.has(run.end)) throw new InputError(`git ${args[0]}: ${run.complaint.trim()}`);
  return run;
}
