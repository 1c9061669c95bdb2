import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { ACCEPT_MANIFESTS } from '../../src/image/media-types.ts';
import type { Summary } from '../../src/report/report.ts';
import { type CorpusImage, corpus } from '../builders/corpus.ts';
import { image, pushOverHttp } from '../builders/images.ts';
import { promoterManifest } from '../builders/promoter-manifest.ts';
import { pushCorpus } from '../builders/push-corpus.ts';
import {
  availableRegistries,
  type RealRegistry,
  type RealRegistryOptions,
  startRealRegistry,
} from '../doubles/real-registries.ts';
import type { RegistryKind } from '../doubles/registry-programs.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { findTool, runTool } from '../doubles/tools.ts';
import { manifestFlag } from './staging.ts';

/** What a throw-away copier that does no more than it must needs for the corpus. */
const BAR = { sameRegistry: 3081, otherRegistry: 8044, nothingToDo: 100 };
/** What it does without: a HEAD right before the PUT of each tag, five in place of one list in each of 20 repositories. */
const PROOF_OF_ABSENCE = 20 * (5 - 1);
/** For attachments: a list and a request for referrers in each of 20 repositories of the source. */
const SEARCH = 20 * 2;
const TIMEOUT_MS = 120_000;

const available = availableRegistries();
const { images, ...rest } = corpus(); // 100 images of 5 platforms, which share layers

describe.skipIf(!available.includes('distribution-2.8'))('a hundred images of five platforms', () => {
  const started: RealRegistry[] = [];
  let source: RealRegistry;

  async function start(kind: RegistryKind, options?: RealRegistryOptions): Promise<RealRegistry> {
    const registry = await startRealRegistry(kind, options);
    started.push(registry);
    return registry;
  }

  beforeAll(async () => {
    source = await start('distribution-2.8');
    await pushCorpus(source.host, 'staging', { images, ...rest });
  }, TIMEOUT_MS);

  afterAll(() => Promise.all(started.map((registry) => registry.stop())));

  it('go from one registry to two others with every digest', { timeout: TIMEOUT_MS }, async () => {
    const other = available.includes('distribution-3') ? 'distribution-3' : 'distribution-2.8';
    const destinations = [await start('distribution-2.8'), await start(other)];
    const to = destinations.map(({ host }) => `${host}/prod`);

    expect(await promote(source, to)).toMatchObject({ edges: 200, copy: 200, copied: 200, failed: 0 });
    for (const destination of destinations) await expectEveryDigest(destination, 'prod');

    const { summary, writes } = await watched(destinations, () => promote(source, to));
    expect(summary).toMatchObject({ edges: 200, present: 200 });
    expect(writes).toEqual([]);

    const some = images.filter((_, place) => place % 33 === 0); // indexes and lists
    for (const { host } of destinations) {
      for (const image of some) await expectClientsAgree(`${host}/prod/${image.repository}`, image);
    }
  });

  it('stay within the bar of requests from one registry to another', { timeout: TIMEOUT_MS }, async () => {
    const destination = await start('distribution-2.8', { memory: true });
    await expectRequests([source, destination], {
      run: () => promote(source, [`${destination.host}/prod`]),
      atMost: BAR.otherRegistry + PROOF_OF_ABSENCE + SEARCH,
    });
  });

  it('stay within the bar of requests inside one registry', { timeout: TIMEOUT_MS }, async () => {
    await expectRequests([source], {
      run: () => promote(source, [`${source.host}/prod`]),
      atMost: BAR.sameRegistry + PROOF_OF_ABSENCE + SEARCH,
    });
    await expectEveryDigest(source, 'prod');
  });
});

describe.skipIf(!available.includes('distribution-2.8'))('an image without a tag', () => {
  it('is there once it has been promoted, though its repository has no tag to list', async () => {
    const registry = await startRealRegistry('distribution-2.8', { memory: true });
    try {
      const digest = image({ seed: 'tagless' }).manifest.digest;
      await pushOverHttp(`http://${registry.host}`, 'staging/app', image({ seed: 'tagless' }), []);
      const text = manifestText({ source: registry, digest });
      const run = async () => (await runWithReport([await manifestFlag(text), '-confirm'])).report.summary;
      expect(await run()).toMatchObject({ copied: 1 });
      expect(await run()).toMatchObject({ present: 1, copy: 0 });
    } finally {
      await registry.stop();
    }
  });
});

function manifestText({ source, digest }: { source: RealRegistry; digest: string }): string {
  const registries = `registries:\n- {name: ${source.host}/staging, src: true}\n- {name: ${source.host}/prod}\n`;
  return `${registries}images:\n- {name: app, dmap: {"${digest}": []}}\n`;
}

async function promote(source: RealRegistry, destinations: readonly string[]): Promise<Summary> {
  const text = promoterManifest({ images, ...rest }, { source: `${source.host}/staging`, destinations });
  const { status, report, stderr } = await runWithReport([await manifestFlag(text), '-confirm']);
  expect(status, stderr).toBe(0);
  return report.summary;
}

/** Runs a promotion of everything, and the same again. */
async function expectRequests(
  registries: readonly RealRegistry[],
  { run, atMost }: { run: () => Promise<Summary>; atMost: number },
): Promise<void> {
  const first = await watched(registries, run);
  expect(first.summary).toMatchObject({ edges: 100, copied: 100, failed: 0 });
  expect(first.requests).toBeGreaterThan(0);
  expect(first.requests).toBeLessThanOrEqual(atMost);
  const second = await watched(registries, run);
  expect(second).toMatchObject({ requests: BAR.nothingToDo, writes: [], summary: { present: 100 } });
}

/** What a run has asked of the registries, by their own logs. */
async function watched(registries: readonly RealRegistry[], run: () => Promise<Summary>) {
  const before = await Promise.all(registries.map((registry) => registry.requests()));
  const summary = await run();
  const after = await Promise.all(registries.map((registry) => registry.requestLog()));
  const asked = after.flatMap((log, place) => (log ?? []).slice(before[place]));
  const writes = asked.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
  return { summary, requests: asked.length, writes: writes.map(({ method, url }) => `${method} ${url}`) };
}

/** Every tag and every child has the bytes of its digest. */
async function expectEveryDigest({ host }: RealRegistry, prefix: string): Promise<void> {
  for (const { repository, tag, index, manifests } of images) {
    const children = manifests.map(({ digest }) => digest);
    const urls = [tag, ...children].map(
      (one) => `http://${host}/v2/${prefix}/${repository}/manifests/${one}`,
    );
    expect(await Promise.all(urls.map(digestServedAt))).toEqual([index.digest, ...children]);
  }
}

async function digestServedAt(url: string): Promise<string> {
  const answer = await request(url, { headers: { accept: ACCEPT_MANIFESTS } });
  return digestOf(Buffer.from(await answer.body.arrayBuffer()));
}

const hasSkopeo = isInstalled('skopeo');
const hasCrane = isInstalled('crane');

async function expectClientsAgree(repository: string, { tag, index }: CorpusImage): Promise<void> {
  const name = `${repository}:${tag}`;
  if (hasSkopeo) {
    const { stdout } = await runTool('skopeo', [
      'inspect',
      '--raw',
      '--tls-verify=false',
      `docker://${name}`,
    ]);
    expect(digestOf(Buffer.from(stdout))).toBe(index.digest);
  }
  if (hasCrane) {
    expect((await runTool('crane', ['digest', name])).stdout.trim()).toBe(index.digest);
    expect((await runTool('crane', ['validate', '--remote', name])).stdout).toMatch(/^PASS/);
  }
}

/** Says so where a client is missing; with CI=true that is an error. */
function isInstalled(name: 'skopeo' | 'crane'): boolean {
  const found = findTool(name) !== undefined;
  if (found) return true;
  if (process.env['CI'] === 'true') throw new Error(`${name} not found, though CI=true`);
  console.error(`not found, so not asked: ${name}`);
  return false;
}
