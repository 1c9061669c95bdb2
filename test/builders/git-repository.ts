import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { testdir } from './testdir.ts';

/** An environment in which git reads no configuration of this machine. */
export const GIT_ENV = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** Paths and texts. */
export type Tree = Readonly<Record<string, string>>;

export interface GitRepository {
  readonly directory: string;
  /** Runs git in the repository and returns its output. */
  readonly git: (...args: readonly string[]) => string;
  /** Makes these files the content of the repository, without a commit. */
  readonly write: (tree: Tree) => void;
  /** The same with a commit, whose name is returned. Default of `date`: now. */
  readonly commit: (tree: Tree, date?: string) => string;
}

/** Runs git with the name of an author. */
export function runGit(directory: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const options = { env: { ...GIT_ENV, ...env }, encoding: 'utf8' as const, stdio };
  return execFileSync('git', ['-C', directory, ...who, ...args], options).trim();
}

/** An empty git repository in a directory of its own. */
export async function gitRepository(): Promise<GitRepository> {
  return repositoryIn(await testdir({}));
}

/** A new repository in an existing directory. */
export function repositoryIn(directory: string): GitRepository {
  const git = (...args: readonly string[]) => runGit(directory, args);
  git('init', '--quiet', '--initial-branch=main');
  const write = (tree: Tree) => {
    git('rm', '-r', '-f', '--quiet', '--ignore-unmatch', '.');
    for (const [path, text] of Object.entries(tree)) {
      const place = join(directory, path);
      mkdirSync(dirname(place), { recursive: true });
      rmSync(place, { force: true });
      writeFileSync(place, text);
    }
  };
  return {
    directory,
    git,
    write,
    commit: (tree, date) => {
      write(tree);
      git('add', '--all', '.');
      const dates = date === undefined ? {} : { GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date };
      runGit(directory, ['commit', '--quiet', '--allow-empty', '-m', 'change'], dates);
      return git('rev-parse', 'HEAD');
    },
  };
}
