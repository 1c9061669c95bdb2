// Covers src/auditor/manifests/parse-allowed.ts
import { describe, expect, it } from 'vitest';
import { ManifestStore } from '../../../src/auditor/manifests/manifest-store.ts';
import type { CommittedFile } from '../../../src/ports/history.ts';
import type { ManifestSource } from '../../../src/ports/manifest-source.ts';
import { digest } from '../../builders/manifests.ts';
import { VirtualClock } from '../../doubles/virtual-clock.ts';
import { plainManifest, thinFiles } from '../../system/staging.ts';
import { gate } from '../gate.ts';

const [A, B] = [digest('a'), digest('b')];
const { signal } = new AbortController();

/** A source whose files, or whose failure, the test sets. */
class FakeSource implements ManifestSource {
  readonly name = 'the source';
  files: Readonly<Record<string, string>> = {};
  failure: Error | undefined;
  fetches = 0;
  reads = 0;
  /** Awaited within each fetch. */
  gate: Promise<void> = Promise.resolve();

  async latest() {
    this.fetches += 1;
    const { files, failure } = this;
    await this.gate;
    if (failure !== undefined) throw failure;
    const id = JSON.stringify(files);
    return { id, commit: id };
  }

  async read({ id }: { readonly id: string }): Promise<ReadonlyMap<string, CommittedFile>> {
    this.reads += 1;
    const files: Readonly<Record<string, string>> = JSON.parse(id);
    return new Map(
      Object.entries(files).map(([path, text]) => [path, { id: text, bytes: Buffer.from(text) }]),
    );
  }
}

function thin(dmap: Readonly<Record<string, readonly string[]>>) {
  return thinFiles({ a: { from: 'gcr.io/staging', to: ['eu.gcr.io/prod'], images: { app: dmap } } });
}

function open(files: FakeSource['files'], limits = { maxAge: 60_000, minInterval: 1_000 }) {
  const source = new FakeSource();
  source.files = files;
  const clock = new VirtualClock();
  return { source, clock, store: new ManifestStore({ source, clock, signal, ...limits }) };
}

function digestsIn(loaded: {
  readonly images: { in(repository: string): ReadonlyMap<string, unknown> };
}): readonly string[] {
  return Array.from(loaded.images.in('eu.gcr.io/prod/app').keys());
}

describe('the store of manifests', () => {
  it('fetches at most once in its interval, and parses each version once', async () => {
    const { source, clock, store } = open(thin({ [A]: ['v1'] }));
    for (let one = 0; one < 100; one++) expect(digestsIn(await store.recent(signal))).toEqual([A]);
    expect(source.fetches).toBe(1);
    await clock.until(clock.sleep(60_001, signal));
    await store.recent(signal);
    expect(source).toMatchObject({ fetches: 2, reads: 1 });
  });

  it('shares one fetch among all that wait', async () => {
    const { source, store } = open(thin({ [A]: [] }));
    await Promise.all(Array.from({ length: 50 }, () => store.recent(signal)));
    expect(source.fetches).toBe(1);
  });

  it('has fresh manifests of a fetch that begins after the call', async () => {
    const opened = gate();
    const { source, clock, store } = open(thin({ [A]: [] }));
    source.gate = opened.promise;
    const early = store.recent(signal);
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.fetches).toBe(1);
    source.files = thin({ [A]: [], [B]: [] });
    const late = [store.fresh(signal), store.fresh(signal)];
    opened.resolve();
    expect(digestsIn(await early)).toEqual([A]);
    for (const one of await clock.until(Promise.all(late))) expect(digestsIn(one)).toEqual([A, B]);
    expect(source.fetches).toBe(2);
  });

  it('spaces fetches, however many messages want one', async () => {
    const { source, clock, store } = open(thin({ [A]: [] }));
    const begin = clock.monotonic();
    for (let one = 0; one < 5; one++) await clock.until(store.fresh(signal));
    expect(source.fetches).toBe(5);
    expect(clock.monotonic() - begin).toBe(4_000);
  });

  it('serves the last manifests where they cannot be fetched, and never as fresh ones', async () => {
    const { source, clock, store } = open(thin({ [A]: [] }));
    await store.recent(signal);
    source.failure = new Error('the server is down');
    await clock.until(clock.sleep(60_001, signal));
    expect(digestsIn(await clock.until(store.recent(signal)))).toEqual([A]);
    await expect(clock.until(store.fresh(signal))).rejects.toThrow(
      'manifests of the source: the server is down',
    );
    expect(store.state).toMatchObject({ error: 'manifests of the source: the server is down', failures: 2 });
    source.failure = undefined;
    await clock.until(store.fresh(signal));
    expect(store.state.error).toBeUndefined();
  });

  it('has none at first', async () => {
    const { source, store } = open(thin({ [A]: [] }));
    source.failure = new Error('down');
    await expect(store.recent(signal)).rejects.toThrow('down');
    expect(store.state.loaded).toBeUndefined();
  });

  it('leaves a caller that gives up', async () => {
    const { source, store } = open(thin({ [A]: [] }));
    source.gate = new Promise(() => {});
    const limit = new AbortController();
    const waiting = store.recent(limit.signal);
    limit.abort(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
  });
});

describe('the files of a version', () => {
  const plain = plainManifest({
    from: 'gcr.io/staging',
    to: ['eu.gcr.io/prod'],
    images: { app: { [B]: [] } },
  });

  it.each([
    ['thin manifests', thin({ [A]: [] }), [A]],
    ['plain manifests', { 'one.yaml': plain, 'deep/two.yml': plain.replace(B, A) }, [A, B]],
    ['thin manifests beside other files', { ...thin({ [A]: [] }), 'one.yaml': plain }, [A]],
    ['plain manifests beside other files', { 'one.yaml': plain, 'x.yaml': '- [', README: plain }, [B]],
  ])('are %s', async (_, files, digests) => {
    expect(digestsIn(await open(files).store.recent(signal))).toEqual(digests);
  });

  it.each([
    ['nothing', {}],
    ['half of a thin manifest', { 'x/a/promoter-manifest.yaml': 'registries: []\n' }],
  ])('are no manifests: %s', async (_, files) => {
    await expect(open(files).store.recent(signal)).rejects.toThrow(/no manifests found/);
  });

  it('may be broken in part', async () => {
    const files = {
      ...thin({ [A]: [] }),
      'manifests/b/promoter-manifest.yaml': '[',
      'images/b/images.yaml': '[]',
    };
    const loaded = await open(files).store.recent(signal);
    expect(digestsIn(loaded)).toEqual([A]);
    expect(loaded.broken).toEqual([expect.stringMatching(/^manifests\/b\/promoter-manifest\.yaml: /)]);
  });
});
