import { execFile } from 'node:child_process';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../doubles/tools.ts';

/** Asks for the identity of one repository in a process of its own, then says which modules of Google are loaded. */
const PROGRAM = `
import { createRequire } from 'node:module';
import { createGoogleKeychain } from './src/adapters/google/google-keychain.ts';
const keychain = createGoogleKeychain({
  accounts: [{ registry: 'eu.gcr.io/prod', account: 'a@b.c' }],
  keyFiles: [], env: {}, clock: { wallTime: () => 0, monotonic: () => 0 }, log: { write() {} }, fetch, requestLimit: 5000,
});
const { credential } = await keychain.identityFor(process.argv[1], new AbortController().signal);
if (process.argv[2] === 'use') await credential.current(new AbortController().signal).catch(() => {});
const { cache } = createRequire(process.cwd() + '/x.js');
const loaded = Object.keys(cache).filter((path) => /node_modules\\/(google|gaxios|gcp)/.test(path));
console.log(credential.kind, loaded.length > 0 ? 'loaded' : 'not loaded');
`;

async function run(...args: readonly string[]): Promise<string> {
  const stdin = { contents: PROGRAM, resolveDir: repositoryRoot(), loader: 'ts' as const };
  const options = {
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  } as const;
  const { outputFiles } = await build({ ...options, stdin });
  return node(['--input-type=module', '-e', outputFiles[0]?.text ?? '', '--', ...args]);
}

/** What node prints in surroundings without an identity. */
function node(args: readonly string[]): Promise<string> {
  const env = { PATH: '/nowhere', METADATA_SERVER_DETECTION: 'none' };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: repositoryRoot(), env }, (error, stdout) =>
      error === null ? resolve(stdout.trim()) : reject(error),
    );
  });
}

describe('google-auth-library', () => {
  it.each([
    ['not loaded where no account is bound', ['eu.gcr.io/other/app'], 'anonymous not loaded'],
    ['not loaded where no token is asked for', ['eu.gcr.io/prod/app'], 'access-token not loaded'],
    ['loaded where one is', ['eu.gcr.io/prod/app', 'use'], 'access-token loaded'],
  ])('is %s', async (_what, args, said) => {
    expect(await run(...args)).toBe(said);
  });
});
