import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { ACCEPT_MANIFESTS } from '../../src/image/media-types.ts';
import { type Corpus, corpus, type CorpusImage } from '../builders/corpus.ts';
import { promoterManifest } from '../builders/promoter-manifest.ts';
import { pushCorpus } from '../builders/push-corpus.ts';
import { availableRegistries, type RealRegistry, startRealRegistry } from '../doubles/real-registries.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { findTool, runTool } from '../doubles/tools.ts';
import { manifestFlag } from './staging.ts';

const available = availableRegistries();

/** What a throw-away copier that does no more than it must needs for the corpus. */
const BAR = { sameRegistry: 3081, otherRegistry: 8044, nothingToDo: 100 };
const LIMIT_MS = 120_000;

const images = corpus();

describe.skipIf(!available.includes('distribution-2.8'))('a hundred images of five platforms', () => {
  let source: RealRegistry;
  let destination: RealRegistry;

  beforeAll(async () => {
    [source, destination] = await Promise.all([
      startRealRegistry('distribution-2.8'),
      startRealRegistry('distribution-2.8'),
    ]);
    await pushCorpus(source.host, 'staging', images);
  }, LIMIT_MS);

  afterAll(() => Promise.all([source.stop(), destination.stop()]));

  it('get from one registry to another, within the bar of requests', { timeout: LIMIT_MS }, async () => {
    const to = [`${destination.host}/prod`];
    const first = await counted([source, destination], () => promote(images, source, to));
    expect(first.summary).toMatchObject({ edges: 100, copied: 100, failed: 0 });
    expect(first.requests).toBeLessThanOrEqual(BAR.otherRegistry);
    await expectEverything(destination, 'prod');

    const second = await counted([source, destination], () => promote(images, source, to));
    expect(second.summary).toMatchObject({ edges: 100, present: 100 });
    expect(second.requests).toBe(BAR.nothingToDo);
    expect(second.writes).toEqual([]);
  });

  it('get from one repository to another of the same registry, within the bar of requests', { timeout: LIMIT_MS }, async () => {
    const to = [`${source.host}/prod`];
    const first = await counted([source], () => promote(images, source, to));
    expect(first.summary).toMatchObject({ edges: 100, copied: 100, failed: 0 });
    expect(first.requests).toBeLessThanOrEqual(BAR.sameRegistry);
    await expectEverything(source, 'prod');

    const second = await counted([source], () => promote(images, source, to));
    expect(second.requests).toBe(BAR.nothingToDo);
    expect(second.writes).toEqual([]);
  });
});

async function promote(wanted: Corpus, source: RealRegistry, destinations: readonly string[]) {
  const flag = await manifestFlag(promoterManifest(wanted, { source: `${source.host}/staging`, destinations }));
  const { status, report, stderr } = await runWithReport([flag, '-confirm']);
  expect(status, stderr).toBe(0);
  return report.summary;
}

/** What a run has asked of the registries, by their own logs. */
async function counted(registries: readonly RealRegistry[], run: () => ReturnType<typeof promote>) {
  const before = await Promise.all(registries.map((registry) => registry.requestLog()));
  const start = performance.now();
  const summary = await run();
  console.error('TIME', performance.now() - start);
  const after = await Promise.all(registries.map((registry) => registry.requestLog()));
  const asked = after.flatMap((log, place) => (log ?? []).slice(before[place]?.length));
  const writes = asked.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
  console.error('REQ', asked.length);
  return { summary, requests: asked.length, writes };
}

/** Every tag and every child of the corpus has its digest, by the bytes that the registry serves. */
async function expectEverything(registry: RealRegistry, prefix: string): Promise<void> {
  const start = performance.now();
  for (const image of images.images) {
    const references = [image.tag, ...image.manifests.map(({ digest }) => digest)];
    const found = await Promise.all(references.map((reference) => digestServed(registry, `${prefix}/${image.repository}`, reference)));
    expect(found).toEqual([image.index.digest, ...image.manifests.map(({ digest }) => digest)]);
  }
  console.error('CHECK', performance.now() - start);
}

async function digestServed({ host }: RealRegistry, repository: string, reference: string): Promise<string> {
  const answer = await request(`http://${host}/v2/${repository}/manifests/${reference}`, { headers: { accept: ACCEPT_MANIFESTS } });
  return digestOf(Buffer.from(await answer.body.arrayBuffer()));
}
void findTool; void runTool; type _ = CorpusImage;
