import { join } from 'node:path';
import { GIT_ENV, runGit, repositoryIn, type Tree } from '../builders/git-repository.ts';
import { testdir } from '../builders/testdir.ts';
import { startGitServer } from '../doubles/git-server.ts';
import { fakeGithub, TOKEN } from '../doubles/github-api.ts';
import { type CipOptions, runCip, startCip } from '../doubles/run-cip.ts';

/** The header that git sends for the token. */
export const AUTHORIZATION = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;

/** A user with a name in git. */
export const GIT_USER = {
  ...GIT_ENV,
  GIT_CONFIG_COUNT: '2',
  GIT_CONFIG_KEY_0: 'user.name',
  GIT_CONFIG_VALUE_0: 'Ann',
  GIT_CONFIG_KEY_1: 'user.email',
  GIT_CONFIG_VALUE_1: 'ann@example.com',
};

/**
 * The repository `acme/images` with these files, on a git server over http and a fake GitHub that makes forks there.
 * `pr` runs `cip pr` for the user `me`.
 */
export async function githubWorld(files: Tree) {
  const served = await testdir({ 'acme/': '', 'me/': '', 'temporary/': '' });
  const work = repositoryIn(await testdir({}));
  work.commit(files);
  const bare = (name: string) => join(served, `${name}.git`);
  runGit(served, ['clone', '--quiet', '--bare', work.directory, bare('acme/images')]);
  const server = await startGitServer(served, { pushWith: AUTHORIZATION });
  const github = await fakeGithub();
  const cloneUrl = (name: string) => `${server.url}/${name}.git`;
  github.hosted.add({
    full_name: 'acme/images',
    default_branch: 'main',
    clone_url: cloneUrl('acme/images'),
    permissions: { push: true },
  });
  github.hosted.makeFork = ({ full_name }, name) => {
    runGit(served, ['clone', '--quiet', '--bare', bare(full_name), bare(name)]);
    return cloneUrl(name);
  };
  const env = {
    ...GIT_USER,
    GITHUB_TOKEN: TOKEN,
    GITHUB_API_URL: github.url,
    TMPDIR: join(served, 'temporary'),
  };
  const argsOf = (args: readonly string[]) => [
    'pr',
    ...(args.some((arg) => arg.startsWith('-fork')) ? [] : ['-fork=me']),
    ...(args.some((arg) => arg.startsWith('-base_dir')) ? [] : ['-upstream=acme/images']),
    '-use-ssh=false',
    ...args,
  ];
  const optionsOf = (options: CipOptions) => ({ ...options, env: { ...env, ...options.env } });
  return {
    github,
    server,
    work,
    bare,
    temporary: env.TMPDIR,
    /** Commits a change of upstream. */
    push: (tree: Tree) => {
      work.commit(tree);
      work.git('push', '--quiet', bare('acme/images'), 'main');
    },
    pr: (args: readonly string[], options: CipOptions = {}) => runCip(argsOf(args), optionsOf(options)),
    start: (args: readonly string[], options: CipOptions = {}) => startCip(argsOf(args), optionsOf(options)),
    inFork: (...args: readonly string[]) => runGit(bare('me/images'), args),
  };
}
