import { ProgramError, type ProgramRun } from '../../base/run-program.ts';
import { oneLine, quote } from '../../base/text.ts';
import { HistoryError } from '../../ports/history.ts';
import { describeFailure, type Environment, runGit } from './git.ts';

/** A git repository whose objects are read. */
export interface Repository {
  /** The top of its working tree. */
  readonly top: string;
  /** The path of the manifests in the tree: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly isShallow: boolean;
  /** The command that fetches what a shallow clone lacks. */
  readonly deepen: string;
  /** Runs git, and throws a `HistoryError` if it fails. */
  readonly run: (args: readonly string[], signal: AbortSignal, input?: string) => Promise<ProgramRun<Buffer>>;
  /** Runs git, whatever its exit code. */
  readonly ask: Repository['run'];
  /** The full name of a commit; undefined if there is none of that name. */
  readonly find: (revision: string, signal: AbortSignal) => Promise<string | undefined>;
}

/** Milliseconds: far more than any repository takes on a slow disk. */
const LIMIT = 120_000;
/** The manifests of one commit; one file has 64 MiB at most. */
const MAX_OUTPUT = 512 * 1024 * 1024;

/**
 * Objects alone are read, and nothing that the repository configures is run: so its owner need not be this user, and a
 * partial clone gets no content by itself.
 */
const OBJECTS_ONLY = ['-c', 'safe.directory=*'];
const NO_TRANSPORT = { GIT_ALLOW_PROTOCOL: 'none', GIT_NO_LAZY_FETCH: '1' };

export async function openRepository(
  { directory, env }: { readonly directory: string; readonly env: Environment },
  signal: AbortSignal,
): Promise<Repository> {
  const ask: Repository['ask'] = async (args, signal, input) => {
    const call = { directory, env: { ...env, ...NO_TRANSPORT }, limit: LIMIT, maxOutput: MAX_OUTPUT, signal };
    try {
      return await runGit({
        ...call,
        args: [...OBJECTS_ONLY, ...args],
        ...(input === undefined ? {} : { input }),
      });
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      const code = error.code === 'not-found' ? 'no-repository' : 'failed';
      throw new HistoryError(code, describeFailure(error), { cause: error });
    }
  };
  const found = await ask(
    ['rev-parse', '--show-toplevel', '--is-shallow-repository', '--show-prefix'],
    signal,
  );
  if (found.end !== 'exit 0') throw noRepository(directory, found.stderr);
  const [top = '', isShallow, prefix = ''] = found.output.toString().split('\n');
  const run: Repository['run'] = async (...call) => {
    const result = await ask(...call);
    if (result.end !== 'exit 0') throw failed(call[0], top, result.stderr);
    return result;
  };
  return {
    top,
    prefix,
    isShallow: isShallow === 'true',
    deepen: `git -C ${top} fetch --unshallow`,
    run,
    ask,
    find: async (revision, signal) => {
      const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', revision];
      const { end, output } = await ask(args, signal);
      return end === 'exit 0' ? output.toString().trim() : undefined;
    },
  };
}

function noRepository(directory: string, stderr: string): HistoryError {
  const message = `${quote(directory)} is in no git repository (${reasonIn(stderr)}): name a directory in a clone`;
  return new HistoryError('no-repository', message);
}

function failed(args: readonly string[], top: string, stderr: string): HistoryError {
  if (stderr.includes('promisor')) {
    const remedy = `git -C ${top} fetch --refetch --no-filter`;
    const message = `the clone ${quote(top)} is partial and lacks files of the base: run "${remedy}"`;
    return new HistoryError('incomplete', message);
  }
  return new HistoryError('failed', `git ${args[0] ?? ''} in ${quote(top)} failed: ${reasonIn(stderr)}`);
}

function reasonIn(stderr: string): string {
  return oneLine(stderr.trim().split('\n').at(-1) ?? '');
}
