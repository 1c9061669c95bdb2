import { ProgramError } from '../../base/run-program.ts';
import { type Checkout, CloneError } from '../../ports/clone.ts';
import { describeFailure, type Environment, runGit } from './git.ts';
import { openRepository } from './repository.ts';

/** Reads the place of a directory in its working tree. Throws a `HistoryError` if it is in none. */
export async function readCheckout(
  directory: string,
  env: Environment,
  signal: AbortSignal,
): Promise<Checkout> {
  const { top, prefix, ask } = await openRepository({ directory, env }, signal);
  const urlOf = async (remote: string) => {
    const { end, output } = await ask(['config', '--get', `remote.${remote}.url`], signal);
    return end === 'exit 0' ? output.toString().trim() : undefined;
  };
  return { top, prefix, remoteUrl: (await urlOf('upstream')) ?? (await urlOf('origin')) };
}

/** The variables that name the user in a commit. */
export type GitIdentity = Readonly<Record<string, string>>;

/** Milliseconds: settings alone are read. */
const LIMIT = 10_000;

/** The name and address that git has for the user in a directory. Throws a `CloneError` if there is none. */
export async function readIdentity(
  directory: string,
  env: Environment,
  signal: AbortSignal,
): Promise<GitIdentity> {
  const args = ['-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT'];
  const run = await runGit({ directory, args, env, limit: LIMIT, signal }).catch((error: unknown) => {
    if (!(error instanceof ProgramError)) throw error;
    const code = error.code === 'not-found' ? 'no-git' : 'failed';
    throw new CloneError(code, describeFailure(error), { cause: error });
  });
  const [, name = '', email = ''] =
    /^([^<]*) <([^>]*)> \d+ [+-]\d+$/.exec(run.output.toString().trim()) ?? [];
  if (run.end !== 'exit 0' || name === '' || email === '') {
    const message =
      'git has no name or e-mail address for the commit: run "git config --global user.name NAME" and "git config --global user.email ADDRESS"';
    throw new CloneError('no-identity', message);
  }
  return {
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_AUTHOR_NAME: env['GIT_AUTHOR_NAME'] || name,
    GIT_AUTHOR_EMAIL: env['GIT_AUTHOR_EMAIL'] || email,
  };
}
