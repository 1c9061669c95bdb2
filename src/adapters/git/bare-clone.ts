import { mkdir } from 'node:fs/promises';
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
  /** The directory of the clone. It is made if it does not exist. */
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
 * from the objects. Nothing ever asks for a password.
 */
export function createBareClone(options: BareCloneOptions): ManifestSource {
  const { url, branch, path, directory } = options;
  const inTree = trimEndOf(posix.normalize(`/${path}`), '/').slice(1);
  const prefix = inTree === '' ? '' : `${inTree}/`;
  const git = gitIn(options);
  let ready: Promise<unknown> | undefined;
  const init = async (signal: AbortSignal) => {
    await mkdir(directory, { recursive: true });
    await git(['init', '--bare', '--quiet', '.'], signal);
  };
  return {
    name: `${maskPasswords(url)} ${branch}${prefix === '' ? '' : ` ${prefix}`}`,
    latest: async (signal) => {
      await (ready ??= init(signal).catch((error: unknown) => {
        ready = undefined;
        throw error;
      }));
      const refspec = `+refs/heads/${branch}:${REF}`;
      const flags = ['--quiet', '--depth=1', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
      await git(['fetch', ...flags, '--', url, refspec], signal);
      const commit = (await git(['rev-parse', '--verify', `${REF}^{commit}`], signal)).toString().trim();
      return { id: commit, commit };
    },
    read: async ({ id }, signal) => {
      const list = ['ls-tree', '-r', '-z', '--full-tree', '--name-only', id];
      const output = await git(prefix === '' ? list : [...list, '--', prefix], signal);
      const paths = output
        .toString()
        .split('\0')
        .filter((name) => YAML.test(name) && !name.includes('\n'));
      const input = paths.map((name) => `${id}:${name}\n`).join('');
      const files = parseBatch(await git(['cat-file', '--batch', '--follow-symlinks'], signal, input), paths);
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
      const { end, output, complaint } = await runGit(input === undefined ? call : { ...call, input });
      if (end === 'exit 0') return output;
      const last = complaint.trim().split('\n').at(-1) ?? '';
      const place = args[0] === 'fetch' ? `of ${quote(url)}` : `in ${quote(directory)}`;
      throw new HistoryError(
        'failed',
        `git ${args[0] ?? ''} ${place} failed: ${maskPasswords(oneLine(last))}`,
      );
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      throw new HistoryError('failed', describeFailure(error), { cause: error });
    }
  };
}
