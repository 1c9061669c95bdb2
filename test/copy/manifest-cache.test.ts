import { describe, expect, it } from 'vitest';
import { cacheManifests } from '../../src/copy/manifest-cache.ts';
import { image } from '../builders/images.ts';
import { repository, tag } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';

const APP = image({ seed: 'app' });
const { digest } = APP.manifest;
const ONE = repository('s.io/1/app');
const TWO = repository('s.io/2/app');
const THREE = repository('s.io/3/app');
const NEVER = new AbortController().signal;

describe('a registry that is read once', () => {
  it('asks for a manifest once, whoever wants it and from wherever', async () => {
    const registry = new MemoryRegistry();
    registry.push(ONE, APP);
    const source = cacheManifests(registry);
    await Promise.all([source.fetchManifest(ONE, digest, NEVER), source.resolve(ONE, digest, NEVER)]);
    expect((await source.fetchManifest(TWO, digest, NEVER))?.digest).toBe(digest);
    expect(registry.log()).toEqual([`fetch ${ONE} ${digest}`]);
  });

  it('looks a tag up, which may have another answer each time', async () => {
    const registry = new MemoryRegistry();
    registry.push(ONE, APP, 'v1');
    const source = cacheManifests(registry);
    expect(await source.resolve(ONE, tag('v1'), NEVER)).toBe(digest);
    expect(await source.resolve(ONE, tag('v1'), NEVER)).toBe(digest);
    expect(registry.count({ verb: 'resolve' })).toBe(2);
  });

  it.each([
    ['one after the other', false],
    ['at once', true],
  ])('says of each repository what is there, when they are asked %s', async (_when, together) => {
    const registry = new MemoryRegistry();
    registry.push(THREE, APP);
    const source = cacheManifests(registry);
    const ask = [ONE, TWO, THREE, ONE].map((name) => () => source.resolve(name, digest, NEVER));
    const answers = together
      ? await Promise.all(ask.map((one) => one()))
      : [await ask[0]?.(), await ask[1]?.(), await ask[2]?.(), await ask[3]?.()];
    expect(answers).toEqual([undefined, undefined, digest, undefined]);
    expect(registry.count({ verb: 'fetch', repository: THREE })).toBe(1);
  });

  it('finds a manifest in the repository that has it when all are asked at once', async () => {
    const registry = new MemoryRegistry();
    registry.push(THREE, APP);
    const source = cacheManifests(registry);
    const answers = await Promise.all(
      [ONE, TWO, THREE].map((name) => source.fetchManifest(name, digest, NEVER)),
    );
    expect(answers[2]?.digest).toBe(digest);
  });

  it('asks again after a failure, and elsewhere while there is one', async () => {
    const registry = new MemoryRegistry();
    registry.push(ONE, APP);
    registry.push(TWO, APP);
    registry.fail({ repository: ONE }, { times: 1 });
    const source = cacheManifests(registry);
    const [one, two] = await Promise.allSettled([
      source.fetchManifest(ONE, digest, NEVER),
      source.fetchManifest(TWO, digest, NEVER),
    ]);
    expect([one?.status, two?.status]).toEqual(['rejected', 'fulfilled']);
    expect((await source.fetchManifest(ONE, digest, NEVER))?.digest).toBe(digest);
  });

  it('keeps as many manifests as there is room for, those that were used last', async () => {
    const registry = new MemoryRegistry();
    const images = ['a', 'b', 'c'].map((seed) => image({ seed }));
    const [a, b, c] = images.map((content) => registry.push(ONE, content));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three were pushed');
    const roomForTwo = 2 * ((images[0]?.manifest.bytes.length ?? 0) + 600);
    const source = cacheManifests(registry, { maxBytes: roomForTwo });
    for (const digest of [a, b, a, c, a, b]) {
      expect((await source.fetchManifest(ONE, digest, NEVER))?.digest).toBe(digest);
    }
    expect(registry.log({ verb: 'fetch' }).map((line) => line.slice(-64))).toEqual(
      [a, b, c, b].map((digest) => digest.slice(-64)),
    );
  });

  it('keeps nothing that is larger than the room, and hands it out all the same', async () => {
    const registry = new MemoryRegistry();
    registry.push(ONE, APP);
    const source = cacheManifests(registry, { maxBytes: 10 });
    expect((await source.fetchManifest(ONE, digest, NEVER))?.digest).toBe(digest);
    expect(await source.resolve(ONE, digest, NEVER)).toBe(digest);
    expect(registry.count({ verb: 'fetch' })).toBe(2);
  });

  it('hands everything else on', async () => {
    const registry = new MemoryRegistry();
    registry.push(ONE, APP, 'v1');
    const source = cacheManifests(registry);
    const [blob] = APP.blobs;
    if (blob === undefined) throw new Error('an image has blobs');
    expect(await source.hasBlob(ONE, blob.digest, NEVER)).toBe(true);
    expect((await source.list(ONE, NEVER)).kind).toBe('tags');
    await source.openBlob(ONE, { ...blob, size: blob.bytes.length }, NEVER);
    expect(registry.calls.map(({ verb }) => verb)).toEqual(['has-blob', 'list', 'open-blob']);
  });
});
