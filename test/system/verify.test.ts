// Covers src/cli/commands/run/run-verify.ts

import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Verification } from '../../src/report/report.ts';
import { blobsOf, image, manifestsOf, multiArch, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { type CipOptions, type CipRun, runCip, startCip } from '../doubles/run-cip.ts';
import { type RecordingProxy, startRecordingProxy } from './hostile/recording-proxy.ts';
import { countKinds, embedded, manifestFlag, type PlainManifest, writesOf } from './staging.ts';

const index = multiArch('verified', { platforms: 2 });
const single = image({ seed: 'single' });

/** A registry in which two images have been promoted, one of them under two tags and one by digest alone. */
async function promoted(): Promise<{ registry: EmbeddedRegistry; flag: string; manifest: PlainManifest }> {
  const registry = await embedded();
  const multi = push(registry, 'staging/app', index);
  const plain = push(registry, 'staging/app', single);
  const manifest = {
    from: `${registry.host}/staging`,
    to: [`${registry.host}/prod`],
    images: { app: { [multi]: ['v1', 'latest'], [plain]: [] } },
  };
  const flag = await manifestFlag(manifest);
  const { status, stderr } = await runCip([flag, '-confirm']);
  expect(status, stderr).toBe(0);
  registry.clearRequests();
  return { registry, flag, manifest };
}

async function verify(
  args: readonly string[],
  options: CipOptions = {},
): Promise<CipRun & { readonly verification: Verification }> {
  const run = await runCip([...args, '-report=-'], options);
  if (run.stdout === '') throw new Error(`no report, exit ${run.status}: ${run.stderr}`);
  const verification: Verification = JSON.parse(run.stdout);
  return { ...run, verification };
}

describe('cip verify after a promotion', () => {
  it('ends 0, with a question for each tag and each digest without one, and writes nothing', async () => {
    const { registry, flag } = await promoted();
    const { status, verification } = await verify(['verify', flag]);
    expect(status).toBe(0);
    expect(verification).toMatchObject({
      version: 2,
      mode: 'verify',
      deep: false,
      via: null,
      stopped: false,
      summary: { edges: 3, present: 3, missing: 0, invalid: 0 },
      items: [],
      hosts: { [registry.host]: { edges: { present: 3 }, requests: 3 } },
    });
    expect(countKinds(registry)).toEqual({ 'manifest-head': 3 });
    expect(writesOf(registry)).toEqual([]);
  });

  it('kpromo cip verify is the same', async () => {
    const { flag } = await promoted();
    const { status, verification } = await verify(['cip', 'verify', flag], { program: 'kpromo' });
    expect({ status, mode: verification.mode }).toEqual({ status: 0, mode: 'verify' });
  });

  it('of what is not there says a line that can be searched, and ends 1', async () => {
    const { registry, flag } = await promoted();
    const other = push(registry, 'prod/app', image({ seed: 'moved' }), 'latest');
    registry.store.deleteTag('prod/app', 'v1');
    registry.store.deleteManifest('prod/app', single.manifest.digest);
    const { status, stderr, verification } = await verify(['verify', flag]);
    expect(status).toBe(1);
    const app = `${registry.host}/prod/app`;
    expect(stderr).toMatch(
      new RegExp(`different ${app}:latest sha256:\\w+: the tag is ${other}, not sha256:.*yaml:\\d+`),
    );
    expect(stderr).toMatch(new RegExp(`missing ${app}:v1 \\S+: there is no such tag, but its digest exists`));
    expect(stderr).toContain(`missing ${app}@${single.manifest.digest}: there is no such digest`);
    expect(stderr).toMatch(/^missing +2 +no such tag or digest$/m);
    expect(verification.summary).toMatchObject({ edges: 3, present: 0, missing: 2, different: 1 });
    expect(verification.items.map(({ decision, found }) => [decision, found])).toEqual([
      ['different', other],
      ['missing', null],
      ['missing', null],
    ]);
  });

  it('a malformed entry is no reason to say that all is there', async () => {
    const { registry, manifest } = await promoted();
    const images = { ...manifest.images, broken: { 'sha256:123': ['v1'] } };
    const { status, verification } = await verify(['verify', await manifestFlag({ ...manifest, images })]);
    expect(status).toBe(1);
    expect(verification.summary).toMatchObject({ edges: 3, present: 3, invalid: 1 });
    expect(writesOf(registry)).toEqual([]);
  });

  it('-deep finds a blob that has been lost', async () => {
    const { registry, flag } = await promoted();
    const [, lost] = blobsOf(single);
    if (lost === undefined) throw new Error('no layer');
    expect((await verify(['verify', flag, '-deep'])).status).toBe(0);
    expect(countKinds(registry)).toEqual({
      'manifest-head': 3,
      'manifest-get': manifestsOf(index).length + 1,
      'blob-head': blobsOf(index).length + blobsOf(single).length,
    });
    for (const digest of registry.store.blobs('prod/app'))
      if (digest === lost.digest) registry.store.deleteBlob('prod/app', digest);
    expect((await verify(['verify', flag])).status).toBe(0);
    const { status, verification } = await verify(['verify', flag, '-deep']);
    expect(status).toBe(1);
    expect(verification.items).toMatchObject([
      {
        decision: 'incomplete',
        reason: `the manifest exists, but not blob ${lost.digest} of ${lost.bytes.length} bytes`,
      },
    ]);
  });

  it('its advice on what is incomplete mends it, which a promotion alone does not', async () => {
    const { registry, flag } = await promoted();
    const [, lost] = blobsOf(index);
    if (lost === undefined) throw new Error('no layer');
    registry.store.deleteBlob('prod/app', lost.digest);
    const { status, stderr } = await verify(['verify', flag, '-deep']);
    expect(status).toBe(1);
    expect(stderr.match(/what to do about incomplete: .* cip verify -deep -repair/g)).toHaveLength(1);
    expect((await runCip([flag, '-confirm'])).status).toBe(0);
    expect((await verify(['verify', flag, '-deep'])).status).toBe(1);
    expect((await verify(['verify', flag, '-deep', '-repair', '-confirm'])).status).toBe(0);
    expect((await verify(['verify', flag, '-deep'])).status).toBe(0);
  });

  it('wrong bytes are not told as silence', async () => {
    const { registry, flag } = await promoted();
    registry.addFault({ kind: 'manifest-get', times: Number.POSITIVE_INFINITY, act: { kind: 'flip-bit' } });
    const { status, stderr, verification } = await verify(['verify', flag, '-deep']);
    expect(status).toBe(1);
    expect(verification.items[0]).toMatchObject({
      decision: 'unreadable',
      reason: expect.stringMatching(/the registry served \d+ bytes that are not sha256:/),
    });
    expect(stderr).toMatch(/^unreadable +3 +no usable answer: silence, a refusal, or wrong bytes$/m);
    expect(stderr).toMatch(/what to do about unreadable: .*after wrong bytes/);
  });

  it('-deep finds a blob of which only a part is left', async () => {
    const { registry, flag } = await promoted();
    const [, part] = blobsOf(single);
    if (part === undefined) throw new Error('no layer');
    registry.store.putBlob('prod/app', part.bytes.subarray(0, 7), part.digest);
    const { status, verification } = await verify(['verify', flag, '-deep']);
    expect(status).toBe(1);
    expect(verification.summary).toMatchObject({ present: 2, incomplete: 1 });
  });

  it('a deadline that passes before anything is known is no reason to say that all is there', async () => {
    const { flag } = await promoted();
    const { status, verification } = await verify(['verify', flag, '-deadline=1ms']);
    expect(status).toBe(1);
    expect(verification).toMatchObject({ stopped: true, summary: { present: 0 } });
  });

  it('-report-markdown is fit for a comment, -log-format=json for a collector', async () => {
    const { registry, flag } = await promoted();
    registry.store.deleteTag('prod/app', 'v1');
    const run = await runCip(['verify', flag, '-report-markdown=-', '-log-format=json']);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain('## Image verification\n');
    expect(run.stdout).toContain('What to do about missing: run the promotion again: ');
    expect(run.stdout).toContain(`- **missing** ${registry.host}/prod/app:v1 `);
    const lines: { message: string }[] = run.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ message: 'run finished', mode: 'verify', missing: 1, present: 2 });
  });

  it('a signal ends it at once, with its report', async () => {
    const { registry, flag } = await promoted();
    registry.addFault({ kind: 'manifest-head', times: Number.POSITIVE_INFINITY, act: { kind: 'stall' } });
    const run = startCip(['verify', flag, '-report=-']);
    await run.says(/^Verify: /);
    run.kill('SIGTERM');
    const { status, stdout } = await run.ended;
    const verification: Verification = JSON.parse(stdout);
    expect(status).toBe(143);
    expect(verification).toMatchObject({ stopped: true, summary: { edges: 3, 'not-checked': 3 } });
  });
});

describe('cip verify -via', () => {
  /** As registry.k8s.io does it: questions for content are sent on, and a part of the path is not in its names. */
  function redirecting(registry: EmbeddedRegistry): Promise<RecordingProxy> {
    return startRecordingProxy(registry.host, ({ line }) => {
      const path = / \/v2\/(.*)$/.exec(line)?.[1];
      return { status: 307, headers: { location: `${registry.url}/v2/prod/${path}` } };
    });
  }

  it('asks a host that redirects, by its own names', async () => {
    const { registry, flag } = await promoted();
    const front = await redirecting(registry);
    const { status, verification } = await verify(['verify', flag, '-deep', `-via=${front.host}=prod`]);
    expect(status).toBe(0);
    expect(verification).toMatchObject({ via: front.host, summary: { edges: 3, present: 3 } });
    expect(front.requests.map(({ line }) => line)).toContain('HEAD /v2/app/manifests/v1');
    expect(front.requests.filter(({ line }) => line.includes('/blobs/'))).toHaveLength(
      blobsOf(index).length + blobsOf(single).length,
    );
    expect(front.requests.length).toBe(registry.requests.length);
  });

  it('finds what the front lacks, though the destination has it', async () => {
    const { flag } = await promoted();
    const behind = await embedded();
    push(behind, 'prod/app', index, 'v1');
    const front = await redirecting(behind);
    const { status, stderr } = await verify(['verify', flag, `-via=${front.host}=prod`]);
    expect(status).toBe(1);
    expect(stderr).toContain(`as ${front.host}/app:latest: there is no such tag`);
  });

  it('sends the credentials for a destination neither to the front nor to where that leads', async () => {
    const { registry, flag } = await promoted();
    const storage = await startRecordingProxy(registry.host);
    const front = await startRecordingProxy(registry.host, ({ line, authorization }) => {
      const path = line.split(' ')[1] ?? '';
      if (authorization === undefined)
        return { status: 401, headers: { 'www-authenticate': 'Basic realm="f"' } };
      return { status: 307, headers: { location: `http://${storage.host}${path}` } };
    });
    const auths = Object.fromEntries(
      [
        [registry.host, 'destination:secret'],
        [front.host, 'front:other'],
        [storage.host, 'storage:third'],
      ].map(([host, pair]) => [host, { auth: Buffer.from(pair ?? '').toString('base64') }]),
    );
    const DOCKER_CONFIG = await testdir({ 'config.json': JSON.stringify({ auths }) });
    const { status, stderr } = await verify(['verify', flag, `-via=${front.host}`], {
      env: { DOCKER_CONFIG },
    });
    expect(status, stderr).toBe(0);
    const own = `Basic ${Buffer.from('front:other').toString('base64')}`;
    expect(new Set(front.requests.map(({ authorization }) => authorization))).toEqual(
      new Set([undefined, own]),
    );
    expect(new Set(storage.requests.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
    expect(storage.requests.length).toBeGreaterThan(0);
  });
});

describe('what cip verify refuses', () => {
  it.each([
    [['verify'], /no manifest given/],
    [['verify', '-manifest=m', '-confirm'], /cip verify is read-only; -confirm is allowed with -repair only/],
    [['verify', '-manifest=m', '-parse-only'], /-parse-only/],
    [['verify', '-manifest=m', '-via=https://registry.k8s.io'], /-via is HOST or HOST=ROOT/],
    [['verify', '-manifest=nope.yaml'], /no such file/],
    [['-manifest=m', '-deep'], /cip does not take -deep; cip verify does/],
    [['run', '-manifest=m', '-via=a.io'], /cip does not take -via; cip verify does/],
  ])('%j', async (args, words) => {
    const { status, stdout, stderr } = await runCip(args);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(words),
    });
  });

  it('has a help of its own, without the flags that it does not take', async () => {
    const { status, stdout } = await runCip(['verify', '-help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/-via HOST/);
    expect(stdout).toMatch(/-deep -repair /);
    expect(stdout).not.toMatch(/-spool-limit/);
    expect((await runCip(['-help'])).stdout).not.toMatch(/-via HOST/);
  });
});
