import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { ProgramError } from '../../base/run-program.ts';
import { oneLine, quote } from '../../base/text.ts';
import { classifyHostname } from '../../http/connect/address-policy.ts';
import { type BranchPlace, type Clone, CloneError, type RemoteBranch } from '../../ports/clone.ts';
import { type GitIdentity, readIdentity } from './checkout.ts';
import { describeFailure, type Environment, runGit, withConfig } from './git.ts';

export interface CloneOptions {
  readonly url: string;
  readonly branch: string;
  /** A working tree that has most of the objects, and the settings of the user. Default: the current directory. */
  readonly checkout: string | undefined;
  /** Sent to the host of `url` alone, by https. */
  readonly token: string | undefined;
  /** The directory for temporary files. */
  readonly temporary: string;
  readonly env: Environment;
}

/** Milliseconds for one call of git, which may transfer a whole history. */
const LIMIT = 15 * 60_000;
/** The reference that a branch of the fork is fetched to. */
const FETCHED = 'refs/cip/branch';

/** Clones the newest commit of a branch. Throws a `CloneError` before the clone if the user has no name in git. */
export async function createClone(options: CloneOptions, signal: AbortSignal): Promise<Clone> {
  const { url, branch, checkout, temporary } = options;
  const env = environmentFor(options);
  const identity = await readIdentity(checkout ?? '.', env, signal);
  const directory = await mkdtemp(join(temporary, 'cip-pr-')).catch((cause: unknown) => {
    const message = `cannot create a directory in ${quote(temporary)}: ${messageOf(cause)}: set TMPDIR`;
    throw new CloneError('failed', message, { cause });
  });
  const remove = () => rm(directory, { recursive: true, force: true });
  const git = new TemporaryClone(directory, env);
  try {
    const known = checkout === undefined ? [] : [`--reference-if-able=${checkout}`];
    const clone = ['clone', '--quiet', '--depth=1', '--no-tags', `--branch=${branch}`, ...known];
    const cloned = await git.ask([...clone, '--', url, '.'], signal);
    if (!cloned.isDone)
      throw new CloneError('failed', `cannot clone ${quote(url)}: ${reasonIn(cloned.stderr)}`);
    const base = await git.run(['rev-parse', 'HEAD'], signal);
    return {
      directory,
      commit: (path, message, stop) => commit(git, { path, message, identity }, stop),
      readBranch: (place, path, stop) => readBranch(git, { place, path, base }, stop),
      push: (place, expected, stop) => push(git, { place, expected }, stop),
      reset: async (stop) => void (await git.run(['checkout', '--quiet', '--force', '--detach', base], stop)),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** No prompts, no conversion of line ends, and the token as a header: other users can see arguments. */
function environmentFor({ url, token, env }: CloneOptions): Environment {
  const quiet = { ...env, GIT_TERMINAL_PROMPT: '0' };
  const bytes = ['core.autocrlf', 'false'] as const;
  const origin = originForToken(url);
  if (token === undefined || origin === undefined) return withConfig(quiet, [bytes]);
  const header = `http.${origin}/.extraHeader`;
  const credentials = Buffer.from(`x-access-token:${token}`).toString('base64');
  return withConfig(quiet, [
    bytes,
    ['http.followRedirects', 'false'],
    [header, ''], // removes those of the user
    [header, `Authorization: Basic ${credentials}`],
  ]);
}

/** A token sent by http can be read on the way. */
function originForToken(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, origin } = new URL(url);
  const isLoopback = protocol === 'http:' && classifyHostname(hostname) === 'loopback';
  return protocol === 'https:' || isLoopback ? origin : undefined;
}

class TemporaryClone {
  readonly directory: string;
  readonly #env: Environment;

  constructor(directory: string, env: Environment) {
    this.directory = directory;
    this.#env = env;
  }

  /** Runs git, and resolves to its exit code, its output and its stderr. */
  async ask(args: readonly string[], signal: AbortSignal, env: Environment = {}) {
    const call = { directory: this.directory, args, env: { ...this.#env, ...env }, limit: LIMIT, signal };
    try {
      const { end, output, stderr } = await runGit(call);
      return { isDone: end === 'exit 0', output: output.toString().trim(), stderr };
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      const code = error.code === 'not-found' ? 'no-git' : 'failed';
      throw new CloneError(code, describeFailure(error), { cause: error });
    }
  }

  /** The same for a call that must succeed. Resolves to the output. */
  async run(args: readonly string[], signal: AbortSignal, env: Environment = {}): Promise<string> {
    const { isDone, output, stderr } = await this.ask(args, signal, env);
    if (!isDone) throw new CloneError('failed', `git ${args[0] ?? ''}: ${reasonIn(stderr)}`);
    return output;
  }

  /** The id of an object, empty for none. */
  async idOf(revision: string, signal: AbortSignal): Promise<string> {
    return (await this.ask(['rev-parse', '--verify', '--quiet', revision], signal)).output;
  }
}

interface Commit {
  readonly path: string;
  readonly message: string;
  readonly identity: GitIdentity;
}

async function commit(
  git: TemporaryClone,
  { path, message, identity }: Commit,
  signal: AbortSignal,
): Promise<void> {
  await git.run(['add', '--', path], signal);
  const now = { GIT_AUTHOR_DATE: undefined, GIT_COMMITTER_DATE: undefined };
  await git.run(['commit', '--quiet', '--signoff', '-m', message], signal, { ...identity, ...now });
}

interface Comparison {
  readonly place: BranchPlace;
  readonly path: string;
  readonly base: string;
}

async function readBranch(
  git: TemporaryClone,
  { place, path, base }: Comparison,
  signal: AbortSignal,
): Promise<RemoteBranch | undefined> {
  const { url, branch } = place;
  const listed = await git.ask(['ls-remote', '--', url, `refs/heads/${branch}`], signal);
  if (!listed.isDone) throw unreachable('read', url, listed.stderr);
  if (listed.output === '') return undefined;
  const fetch = ['fetch', '--quiet', '--no-tags', '--depth=2'];
  await git.run([...fetch, '--', url, `+refs/heads/${branch}:${FETCHED}`], signal);
  const [tip, after, ours, before, current] = await Promise.all(
    [FETCHED, `${FETCHED}:${path}`, `HEAD:${path}`, `${FETCHED}^:${path}`, `${base}:${path}`].map(
      async (revision) => await git.idOf(revision, signal),
    ),
  );
  // with the setting log.showSignature, git would print a signature before the subject
  const shown = await git.run(['log', '-1', '--no-show-signature', '--format=%at %ct %s', FETCHED], signal);
  const [authored, committed, ...words] = shown.split(' '); // a new commit has one date for both
  const isAmended = authored !== committed;
  const isSameChange = after === ours && before === current;
  return { tip: tip ?? '', subject: words.join(' '), isAmended, isSameChange };
}

interface Push {
  readonly place: BranchPlace;
  readonly expected: string | undefined;
}

async function push(git: TemporaryClone, { place, expected }: Push, signal: AbortSignal): Promise<void> {
  const { url, branch } = place;
  const lease = `--force-with-lease=refs/heads/${branch}:${expected ?? ''}`;
  const args = ['push', '--quiet', lease, '--', url, `HEAD:refs/heads/${branch}`];
  let result = await git.ask(args, signal);
  if (!result.isDone && result.stderr.includes('shallow update not allowed')) {
    // the fork is older than the base: it needs the commits between them
    await git.run(['fetch', '--quiet', '--unshallow', '--no-tags', 'origin'], signal);
    result = await git.ask(args, signal);
  }
  if (result.isDone) return;
  if (/stale info|cannot lock ref|fetch first/.test(result.stderr)) {
    const message = `the branch ${branch} of ${quote(url)} was changed meanwhile: run it again`;
    throw new CloneError('stale', message);
  }
  throw unreachable('push to', url, result.stderr);
}

function unreachable(action: 'read' | 'push to', url: string, stderr: string): CloneError {
  const advice = /^https?:/.test(url)
    ? 'the token needs write access'
    : 'add an ssh key, or set -use-ssh=false';
  return new CloneError('failed', `cannot ${action} ${quote(url)}: ${reasonIn(stderr)}: ${advice}`);
}

/** The lines of stderr that give a reason. */
const REASONS =
  /^(?: ! .*|remote: .*\S.*|fatal: .*|\S*(?:Permission denied|Host key verification failed).*)$/gm;
const MAX_REASON = 400;
/** Messages of git for a file that it cannot write, often without the reason of the system. */
const FULL_DISK =
  /^(?!remote:| !).*(?:No space left|Out of diskspace|couldn't write|unable to (?:write|update) )/m;

function reasonIn(stderr: string): string {
  const reasons = stderr.match(REASONS) ?? stderr.trim().split('\n').slice(-1);
  const reason = oneLine(reasons.map((line) => line.trim()).join('; '), MAX_REASON);
  return FULL_DISK.test(stderr) ? `${reason}: free some space, or set TMPDIR to another disk` : reason;
}
