import { rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gitRepository } from '../../builders/git-repository.ts';
import { digest } from '../../builders/manifests.ts';
import { testdir } from '../../builders/testdir.ts';
import { startGitServer } from '../../doubles/git-server.ts';
import { startProgram } from '../../doubles/run-cip.ts';
import { repositoryRoot } from '../../doubles/tools.ts';
import { freePort, poll } from '../../doubles/waiting.ts';
import { embedded, thinFiles } from '../staging.ts';
import { pushOf, startAuditor } from './running-auditor.ts';

const [A, B] = [digest('a'), digest('b')];
const APP = 'us.gcr.io/prod/app';

/** A git repository with manifests, whose server can be taken away. */
async function manifestsInGit(source: string) {
  const repository = await gitRepository();
  const server = await startGitServer(repository.directory);
  const filesOf = (...digests: readonly string[]) =>
    thinFiles({
      a: {
        from: source,
        to: ['us.gcr.io/prod'],
        images: { app: Object.fromEntries(digests.map((name) => [name, ['v1']])) },
      },
    });
  const [here, away] = [join(repository.directory, '.git'), join(repository.directory, 'away')];
  return {
    url: `${server.url}/.git`,
    commit: (...digests: readonly string[]) => repository.commit(filesOf(...digests)),
    takeAway: () => rename(here, away),
    bringBack: () => rename(away, here),
  };
}

describe('a git server that is down', () => {
  it('at the start leaves messages for later, and readiness says why', async () => {
    const registry = await embedded();
    const git = await manifestsInGit(`${registry.host}/staging`);
    const commit = git.commit(A);
    await git.takeAway();
    const { push, get } = await startAuditor([`-url=${git.url}`, '-no-auth']);
    expect(await push({ digest: `${APP}@${A}` })).toMatch(/^500 \(ID\) NOT JUDGED: .*git fetch/);
    expect(await get('/readyz')).toMatch(/^503 manifests of http.*git fetch/);
    await git.bringBack();
    expect(await push({ digest: `${APP}@${A}` })).toContain(`200 (ID) TRANSACTION VERIFIED:`);
    expect(await get('/readyz')).toBe('200 ready\n');
    expect(await push({ digest: `${APP}@${B}`, tag: `${APP}:v1` })).toContain(
      `could not validate (commit ${commit})`,
    );
  });

  it('in the middle rejects nothing, accepts what the last commit allows, and finds a new commit on demand', async () => {
    const registry = await embedded();
    const git = await manifestsInGit(`${registry.host}/staging`);
    git.commit(A);
    const { push, get } = await startAuditor([`-url=${git.url}`, '-no-auth', '-fetch-interval=3600']);
    expect(await push({ digest: `${APP}@${A}` })).toMatch(/^200 .* VERIFIED/);
    await git.takeAway();
    expect(await push({ digest: `${APP}@${B}` })).toMatch(/^500 \(ID\) NOT JUDGED/);
    expect(await push({ digest: `${APP}@${A}` })).toMatch(/^200 .* VERIFIED/);
    expect(await get('/readyz')).toMatch(/^503 /);
    await git.bringBack();
    const commit = git.commit(B);
    expect(await push({ digest: `${APP}@${B}` })).toContain(`agrees with manifest (commit ${commit})`);
    expect(await push({ digest: `${APP}@${A}`, tag: `${APP}:v1` })).toContain(
      `could not validate (commit ${commit})`,
    );
  });
});

it('a message in flight is judged after SIGTERM, and no other is taken', async () => {
  const held: (() => void)[] = [];
  const source = createServer((_, response) => {
    held.push(() =>
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'),
    );
  });
  await new Promise<void>((done) => source.listen(0, '127.0.0.1', done));
  onTestFinished(() => void source.close());
  const address = source.address();
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const files = thinFiles({
    a: { from: `${host}/staging`, to: [`${host}/prod`], images: { app: { [A]: [] } } },
  });
  const { push, get, program } = await startAuditor([`-path=${await testdir(files)}`, '-no-auth']);
  const inFlight = push({ digest: `${host}/prod/app@${B}` });
  while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
  program.kill('SIGTERM');
  await program.says(/"message":"stopping"/);
  await expect(get('/healthz')).rejects.toThrow();
  const answerAll = setInterval(() => held.splice(0).forEach((answer) => answer()), 5);
  onTestFinished(() => clearInterval(answerAll));
  expect(await inFlight).toMatch(/^200 \(ID\) TRANSACTION REJECTED: .*could not validate$/);
  expect((await program.ended).status).toBe(143);
});

it('a message whose verdict cannot be logged gets 500: it is delivered again', async () => {
  const files = thinFiles({
    a: { from: 'gcr.io/staging', to: ['us.gcr.io/prod'], images: { app: { [A]: [] } } },
  });
  const path = await testdir(files);
  const port = await freePort();
  const command = `exec "${process.execPath}" "${repositoryRoot()}/bin/cip-auditor.js" -path="${path}" -no-auth -host=127.0.0.1 > /dev/full`;
  startProgram('/bin/sh', ['-c', command], { env: { PORT: String(port) } });
  const url = `http://127.0.0.1:${port}`;
  const status = async (options: Parameters<typeof request>[1]) => {
    const { statusCode, body } = await request(
      `${url}/${options?.method === 'POST' ? '' : 'readyz'}`,
      options,
    );
    return `${statusCode} ${await body.text()}`;
  };
  expect(await poll(60_000, async () => (await status({}).catch(() => '')) === '200 ready\n')).toBe(true);
  const body = pushOf({ action: 'INSERT', digest: `${APP}@${A}` });
  expect(await status({ method: 'POST', body })).toBe('500 internal error\n');
  expect(await status({})).toBe('200 ready\n');
});
