import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { testdir } from '../../builders/testdir.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { repositoryRoot } from '../../doubles/tools.ts';
import { CANARY, fakeGoogle } from './fake-google.ts';
import { keyOf } from './scene.ts';

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

const ASKING = `
import { createGoogleKeychain } from './src/adapters/google/google-keychain.ts';
import { readKeyFiles } from './src/adapters/google/key-files.ts';
const keychain = createGoogleKeychain({
  accounts: [{ registry: 'eu.gcr.io/prod', account: 'a@b.c' }],
  keyFiles: await readKeyFiles([process.argv[2]]), env: {}, clock: { wallTime: Date.now, monotonic: () => performance.now() }, log: { write() {} }, fetch,
});
const { signal } = new AbortController();
const { credential } = await keychain.identityFor('eu.gcr.io/prod/app', signal);
console.log(await credential.current(signal));
`;

/** Asks for a token in a bundle that is split into chunks, as the program is built. */
async function runBundled(key: string): Promise<string> {
  const outdir = await testdir({});
  await build({
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir,
    stdin: { contents: ASKING, resolveDir: repositoryRoot(), loader: 'ts' },
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    outExtension: { '.js': '.mjs' },
  });
  return node([join(outdir, 'stdin.mjs'), key]);
}

describe('google-auth-library', () => {
  it.each([
    ['not loaded where no account is bound', ['eu.gcr.io/other/app'], 'anonymous not loaded'],
    ['not loaded where no token is asked for', ['eu.gcr.io/prod/app'], 'access-token not loaded'],
    ['loaded where one is', ['eu.gcr.io/prod/app', 'use'], 'access-token loaded'],
  ])('is %s', async (_what, args, said) => {
    expect(await run(...args)).toBe(said);
  });

  it('works in a bundle of chunks', async () => {
    const google = await fakeGoogle(new FakeClock());
    const folder = await testdir({ 'key.json': JSON.stringify(keyOf('a@b.c', google)) });
    expect(await runBundled(join(folder, 'key.json'))).toBe(`${CANARY}.a@b.c.1`);
  });
});
