import { mkdir, rm } from 'node:fs/promises';
import { posix } from 'node:path';
import { ProgramError } from '../../base/run-program.ts';
import { maskPasswords, oneLine, quote, trimEndOf } from '../../base/text.ts';
import { HistoryError } from '../../ports/history.ts';
import type { ManifestSource } from '../../ports/manifest-source.ts';
import { parseBatch } from './cat-file.ts';
import { describeFailure, type Environment, runGit } from './git.ts';

export interface BareCloneOptions {
  readonly url: string;
  readonly branch: string;
  /** The path of the manifests in the repository; empty for its top. */
  readonly path: string;
  /** The directory of the clone, for it alone. */
  readonly directory: string;
  readonly env: Environment;
}

/** Milliseconds for one run of git, the network included. */
const LIMIT = 60_000;
/** Bytes: the manifests of one commit. */
const MAX_OUTPUT = 512 * 1024 * 1024;
const REF = 'refs/heads/manifests';
const YAML = /\.ya?ml$/;

/**
 * The manifests on a branch of a git repository, in a bare clone of depth 1. There is no working tree: files are read
 * from the objects. Nothing ever asks for a password. After a failure the clone is made anew: it may have been damaged, by a
 * full disk, a git that was killed, or a clean-up of temporary files.
 */
export function createBareClone(options: BareCloneOptions): ManifestSource {
  const { url, branch, path, directory } = options;
  const inTree = trimEndOf(posix.normalize(`/${path}`), '/').slice(1);
  const prefix = inTree === '' ? '' : `${inTree}/`;
  const git = gitIn(options);
  let isUsable = false;
  const init = async (signal: AbortSignal) => {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await git(['init', '--bare', '--quiet', '.'], signal);
  };
  return {
    name: `${maskPasswords(url)} ${branch}${prefix === '' ? '' : ` ${prefix}`}`,
    latest: async (signal) => {
      if (!isUsable) await init(signal);
      isUsable = false;
      const refspec = `+refs/heads/${branch}:${REF}`;
      const flags = ['--quiet', '--depth=1', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
      await git(['fetch', ...flags, '--', url, refspec], signal);
      const commit = (await git(['rev-parse', '--verify', `${REF}^{commit}`], signal)).toString().trim();
      isUsable = true;
      return { id: commit, commit };
    },
    read: async ({ id }, signal) => {
      isUsable = false;
      const list = ['ls-tree', '-r', '-z', '--full-tree', '--name-only', id];
      const output = await git(prefix === '' ? list : [...list, '--', prefix], signal);
      const paths = output
        .toString()
        .split('\0')
        .filter((name) => YAML.test(name) && !name.includes('\n'));
      const input = paths.map((name) => `${id}:${name}\n`).join('');
      const files = parseBatch(await git(['cat-file', '--batch', '--follow-symlinks'], signal, input), paths);
      isUsable = true;
      return new Map(Array.from(files, ([name, file]) => [name.slice(prefix.length), file]));
    },
  };
}

/** Runs git in the clone and resolves to its output. Throws a `HistoryError`. */
function gitIn({ url, directory, env }: BareCloneOptions) {
  const noPrompt = { GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: 'true', SSH_ASKPASS: 'true' };
  return async (args: readonly string[], signal: AbortSignal, input?: string): Promise<Buffer> => {
    const call = {
      directory,
      args,
      env: { ...env, ...noPrompt },
      limit: LIMIT,
      maxOutput: MAX_OUTPUT,
      signal,
    };
    try {
      const { end, output, stderr } = await runGit(input === undefined ? call : { ...call, input });
      if (end === 'exit 0') return output;
      const lines = stderr.trim().split('\n');
      const reason = lines.find((line) => /^(?:fatal|error): /.test(line)) ?? lines.at(-1) ?? '';
      const place = args[0] === 'fetch' ? `of ${quote(url)}` : `in ${quote(directory)}`;
      throw new HistoryError(
        'failed',
        `git ${args[0] ?? ''} ${place} failed: ${maskPasswords(oneLine(reason))}`,
      );
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      throw new HistoryError('failed', describeFailure(error), { cause: error });
    }
  };
}
