import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Verification } from '../../src/report/report.ts';
import { type Blob, image, multiArch, push } from '../builders/images.ts';
import { type CipRun, runCip, startCip, temporaryDirectory } from '../doubles/run-cip.ts';
import { countKinds, embedded, manifestFlag, writesOf } from './staging.ts';
import { expectNothingHalfVisible, tagsIn } from './wholeness.ts';

const index = multiArch('repair', { platforms: 2 });
const single = image({ seed: 'repair alone', layers: 1, layerBytes: 700 * 1024 });
const INDEX = index.manifest.digest;
const SINGLE = single.manifest.digest;
const [child, other] = index.children;
const CHILD = child?.manifest.digest ?? INDEX;
const LAYER = lastOf(other?.blobs);
const LARGE = lastOf(single.blobs);
const ALWAYS = Number.POSITIVE_INFINITY;

function lastOf(blobs: readonly Blob[] = []): Blob {
  const blob = blobs.at(-1);
  if (blob === undefined) throw new Error('no blobs');
  return blob;
}

interface World {
  readonly staging: EmbeddedRegistry;
  readonly eu: EmbeddedRegistry;
  readonly us: EmbeddedRegistry;
  readonly flag: string;
}

/** Two images at their source and at two destinations; one destination has lost a child and two blobs. */
async function damaged(): Promise<World> {
  const [staging, eu, us] = await Promise.all([embedded(), embedded(), embedded()]);
  for (const content of [index, single]) push(staging, 'staging/app', content);
  for (const region of [eu, us]) {
    push(region, 'prod/app', index, 'v1', 'v2');
    push(region, 'prod/app', single, 'single');
  }
  eu.store.deleteManifest('prod/app', CHILD);
  for (const { digest } of [LAYER, LARGE]) eu.store.deleteBlob('prod/app', digest);
  const flag = await manifestFlag({
    from: `${staging.host}/staging`,
    to: [`${eu.host}/prod`, `${us.host}/prod`],
    images: { app: { [INDEX]: ['v1', 'v2'], [SINGLE]: ['single'] } },
  });
  return { staging, eu, us, flag };
}

async function verify(...args: readonly string[]): Promise<CipRun & { readonly verification: Verification }> {
  const run = await runCip(['verify', ...args, '-report=-']);
  if (run.stdout === '') throw new Error(`no report, exit ${run.status}: ${run.stderr}`);
  const verification: Verification = JSON.parse(run.stdout);
  return { ...run, verification };
}

describe('cip verify -deep -repair', () => {
  it('says what would be sent and from where, writes nothing, and ends 1', async () => {
    const { staging, eu, us, flag } = await damaged();
    const { status, stderr, verification } = await verify(flag, '-deep', '-repair');
    expect(status).toBe(1);
    expect(verification).toMatchObject({
      summary: { edges: 6, present: 3, incomplete: 3, repaired: 0 },
      repair: { confirmed: false },
    });
    const from = `from ${staging.host}/staging/app: would be sent`;
    const line = `repair: ${eu.host}/prod/app: missing`;
    expect(stderr).toContain(`${line} blob ${LAYER.digest} of ${LAYER.bytes.length} bytes ${from}`);
    expect(stderr).toContain(`${line} manifest ${CHILD} ${from}`);
    expect(stderr).toMatch(/incomplete .*\/prod\/app:v1 .*; -confirm would send \d blobs? and \d manifests/);
    expect(stderr).toMatch(/what to do about incomplete: run it again with -confirm/);
    expect([staging, eu, us].flatMap(writesOf)).toEqual([]);
  });

  it('with -confirm sends it, touches no tag, and ends 0', async () => {
    const { staging, eu, us, flag } = await damaged();
    const tags = tagsIn(eu);
    const { status, stderr, verification } = await verify(flag, '-deep', '-repair', '-confirm');
    expect(status, stderr).toBe(0);
    expect(verification.summary).toMatchObject({ edges: 6, present: 3, incomplete: 0, repaired: 3 });
    expect(stderr).toMatch(
      /repaired .*\/prod\/app:single \S+: sent 1 blob and 1 manifest, and read all of it back/,
    );
    expect(stderr.match(/^\S+Z repaired \S+\/prod\/\S+@sha256:\S+: sent /gm)).toHaveLength(2); // while it runs
    expect(stderr).toMatch(/^repaired +3 /m);
    expect(tagsIn(eu)).toEqual(tags);
    expectNothingHalfVisible(eu);
    expect([staging, us].flatMap(writesOf)).toEqual([]);
    expect(writesOf(eu).filter((line) => /mount=|DELETE|manifests\/(?!sha256:)/.test(line))).toEqual([]);
    expect((await verify(flag, '-deep')).verification.summary).toMatchObject({ present: 6 });
  });

  it('takes what staging has not any more from the other destination, unless -no-siblings', async () => {
    const { staging, eu, us, flag } = await damaged();
    staging.store.deleteManifest('staging/app', INDEX);
    staging.store.deleteBlob('staging/app', LARGE.digest);
    const alone = await verify(flag, '-deep', '-repair', '-confirm', '-no-siblings');
    expect(alone.status).toBe(1);
    expect(alone.verification.summary).toMatchObject({ repaired: 2, incomplete: 1 });
    const { status, verification } = await verify(flag, '-deep', '-repair', '-confirm');
    expect(status).toBe(0);
    const pieces = verification.repair?.pieces ?? [];
    expect(pieces.find(({ digest }) => digest === LARGE.digest)?.from).toBe(`${us.host}/prod/app`);
    expectNothingHalfVisible(eu);
  });

  it('in shards is one report, when they are merged', async () => {
    const { flag } = await damaged();
    const directory = temporaryDirectory();
    const files = [0, 1, 2].map((shard) => join(directory, `${shard}.json`));
    for (const [shard, file] of files.entries()) {
      await runCip(['verify', flag, '-deep', '-repair', '-confirm', `-shard=${shard}/3`, `-report=${file}`]);
    }
    const { status, stdout, stderr } = await runCip(['report', 'merge', ...files, '-report=-']);
    expect(status, stderr).toBe(0);
    const merged: Verification = JSON.parse(stdout);
    expect(merged.summary).toMatchObject({ edges: 6, present: 3, repaired: 3 });
    expect(merged.repair).toMatchObject({ confirmed: true });
    expect(merged.repair?.pieces.length).toBeGreaterThan(3);
  });

  it('may be interrupted, and run again', async () => {
    const { eu, flag } = await damaged();
    eu.addFault({ kind: 'upload-put', act: { kind: 'stall' } });
    const flags = ['-deep', '-repair', '-confirm', '-threads=1', '-report=-'];
    const run = startCip(['verify', flag, ...flags], { time: 'held' });
    await expect.poll(() => countKinds(eu)['upload-put'], { timeout: 60_000 }).toBe(1);
    run.kill('SIGINT');
    await run.says(/stopping: /);
    run.kill('SIGINT'); // what is in flight is not waited for
    const { status, stdout } = await run.ended;
    const stopped: Verification = JSON.parse(stdout);
    expect(status).toBe(130);
    expect(stopped).toMatchObject({ stopped: true, summary: { edges: 6 } });
    expect(stopped.summary.incomplete).toBeGreaterThan(0);
    expect((await verify(flag, '-deep', '-repair', '-confirm')).status).toBe(0);
    expectNothingHalfVisible(eu);
  });

  it('of a destination that takes no writes tells why', async () => {
    const { eu, flag } = await damaged();
    const body = '{"errors":[{"code":"DENIED","message":"no rights to push"}]}';
    eu.addFault({ method: 'POST', times: ALWAYS, act: { kind: 'status', status: 403, body } });
    const { status, stderr, verification } = await verify(flag, '-deep', '-repair', '-confirm');
    expect(status).toBe(1);
    expect(verification.summary).toMatchObject({ present: 3, incomplete: 3 });
    expect(stderr).toMatch(/not repaired.*: 403: DENIED: no rights to push/);
  });
});

describe('a repair on the command line', () => {
  it.each([
    [['-repair'], /-repair needs -deep/],
    [['-deep', '-confirm'], /cip verify is read-only; -confirm is allowed with -repair only/],
    [['-deep', '-repair', '-via=front.io'], /-repair is for destinations/],
  ])('is refused in words for %j', async (flags, why) => {
    const { status, stderr } = await runCip(['verify', '-manifest=m.yaml', ...flags]);
    expect(status).toBe(2);
    expect(stderr).toMatch(why);
  });
});
