import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBlob } from '../../../src/adapters/oci/api/blobs/blobs.ts';
import { ChunkSupport } from '../../../src/adapters/oci/api/blobs/chunk-support.ts';
import { finishUpload } from '../../../src/adapters/oci/api/blobs/finish-upload.ts';
import { startUpload } from '../../../src/adapters/oci/api/blobs/uploads.ts';
import { Endpoints } from '../../../src/adapters/oci/api/endpoint.ts';
import { HeadSupport } from '../../../src/adapters/oci/api/head-support.ts';
import { InvalidNames } from '../../../src/adapters/oci/api/invalid-names.ts';
import { listRepository } from '../../../src/adapters/oci/api/listing.ts';
import { fetchManifest, resolveManifest } from '../../../src/adapters/oci/api/manifests.ts';
import { putManifest } from '../../../src/adapters/oci/api/put-manifest.ts';
import type { Session } from '../../../src/adapters/oci/api/session.ts';
import type { StartTimer } from '../../../src/http/time-limits.ts';
import { createWire } from '../../../src/http/wire.ts';
import type { Repository } from '../../../src/image/repository.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  tagOf,
  until,
} from '../../adapters/oci/client.ts';
import { image, layer } from '../../builders/images.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { rawAnswer, scriptedServer } from '../../doubles/scripted-server.ts';

const { manifest } = image({ seed: 'slow' });
const SMALL = layer('small');
const LARGE = layer('large', 2 ** 20);

/** Timers that end when a test says so: the server has then taken all the time that it has. */
class Limits {
  readonly #acts = new Map<object, () => void>();

  readonly start: StartTimer = (_milliseconds, act) => {
    const id = {};
    this.#acts.set(id, act);
    return () => this.#acts.delete(id);
  };

  get running(): number {
    return this.#acts.size;
  }

  end(): void {
    const acts = Array.from(this.#acts.values());
    this.#acts.clear();
    for (const act of acts) act();
  }
}

type Ask = (session: Session, repository: Repository) => Promise<unknown>;

const ASK: Readonly<Record<string, Ask>> = {
  'a tag': (session, repository) => {
    return resolveManifest(session, { repository, reference: tagOf('v1'), signal: quiet() });
  },
  'a manifest': (session, repository) => {
    return fetchManifest(session, { repository, digest: manifest.digest, signal: quiet() });
  },
  'a listing': (session, repository) => listRepository(session, { repository, signal: quiet() }),
  'a small blob': async (session, repository) => {
    return readAll(await openBlob(session, { repository, blob: descriptorOf(SMALL), signal: quiet() }));
  },
  'an upload': (session, repository) => startUpload(session, { repository, signal: quiet() }),
  'a write': (session, repository) => {
    return putManifest(session, { repository, reference: tagOf('v1'), manifest, signal: quiet() });
  },
};
/** All that are answered with a body. */
const WITH_BODY = Object.entries(ASK).filter(([what]) => what !== 'a tag');

/** A server that sends this and then nothing, and a session whose time a test decides about. */
async function stage(raw: string) {
  const server = await scriptedServer([{ request: /./, answer: { raw, ending: 'open' } }]);
  const limits = new Limits();
  const wire = createWire({ originOf: () => server.url, startTimer: limits.start });
  onTestFinished(wire.close);
  const session = {
    send: wire.send,
    endpoints: new Endpoints([]),
    chunks: new ChunkSupport(),
    heads: new HeadSupport(),
    invalidNames: new InvalidNames(),
    clock: new FakeClock(),
  };
  return { server, limits, session, repository: repositoryAt(server, 'app') };
}

describe('a server that takes for ever', () => {
  it.each(Object.entries(ASK))('before its headers is given up: %s', async (_what, ask) => {
    const { server, limits, session, repository } = await stage('HTTP/1.1 200 OK\r\nx: ');
    const failed = registryErrorOf(ask(session, repository));
    await until(() => server.requests.length === 1);
    limits.end();
    expect(await failed).toMatchObject({ code: 'unreachable', temporary: true });
    await until(() => server.connections === 0);
    expect(limits.running).toBe(0);
  });

  it.each(
    [200, 201, 202, 401, 403, 404, 500].flatMap((status) =>
      WITH_BODY.map((ask) => [status, ...ask] as const),
    ),
  )('after the headers of its answer %i is given up: %s', async (status, _what, ask) => {
    const raw = rawAnswer([`HTTP/1.1 ${status} X`, 'content-length: 1000'], '{"');
    const { server, limits, session, repository } = await stage(raw);
    const failed = registryErrorOf(ask(session, repository));
    await until(() => server.requests.length === 1);
    limits.end();
    expect(await failed).toMatchObject({ code: 'unreachable', temporary: true });
    await until(() => server.connections === 0);
    expect(limits.running).toBe(0);
  });

  it('in the middle of a large blob is given up, and so is whoever the blob is for', async () => {
    const server = await embeddedForTest();
    server.store.putBlob('app', LARGE.bytes, LARGE.digest);
    server.addFault({ act: { kind: 'stall-mid-body' }, times: Infinity }); // however often it is asked to go on
    const limits = new Limits();
    const wire = createWire({ originOf: () => server.url, startTimer: limits.start });
    onTestFinished(wire.close);
    const session = {
      send: wire.send,
      endpoints: new Endpoints([]),
      chunks: new ChunkSupport(),
      heads: new HeadSupport(),
      invalidNames: new InvalidNames(),
      clock: new FakeClock(),
    };
    const repository = repositoryAt(server, 'app');
    const body = await openBlob(session, { repository, blob: descriptorOf(LARGE), signal: quiet() });
    if (body instanceof Uint8Array) throw new Error('expected a stream');
    const error = await endingAll(limits, registryErrorOf(readAll(body)));
    expect(error).toMatchObject({ code: 'unreachable', temporary: false });
    expect(error.message).toMatch(/less than 1024 bytes per second|not complete after/);
    await until(() => server.stalled === 0);
    expect(limits.running).toBe(0);
  });

  it('to take a blob is given up, and the source of the blob is let go', async () => {
    const server = await scriptedServer([
      { request: /^PUT/, early: true, answer: { raw: '', ending: 'open' } },
    ]);
    const limits = new Limits();
    const wire = createWire({ originOf: () => server.url, startTimer: limits.start });
    onTestFinished(wire.close);
    // more than all that lies between can hold
    const source = Readable.from(pieces(), { objectMode: false, highWaterMark: 64 * 1024 });
    const repository = repositoryAt(server, 'app');
    const upload = { repository, location: `${server.url}/up`, received: 0 };
    const session = {
      send: wire.send,
      endpoints: new Endpoints([]),
      chunks: new ChunkSupport(),
      heads: new HeadSupport(),
      invalidNames: new InvalidNames(),
      clock: new FakeClock(),
    };
    const blob = { ...descriptorOf(LARGE), size: 2 ** 40 };
    const open = () => Promise.resolve(source);
    const failed = registryErrorOf(finishUpload(session, { session: upload, blob, open, signal: quiet() }));
    await until(() => server.requests.length === 1);
    const error = await endingAll(limits, failed);
    expect(error).toMatchObject({ code: 'unreachable', temporary: true });
    expect(error.message).toContain('the server takes less than 1024 bytes per second');
    expect(source.destroyed).toBe(true);
  });
});

describe('a server that asks to wait for ever', () => {
  it.each(['999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', '4000'])('is not waited for: %s', async (wait) => {
    const headers = { 'retry-after': wait };
    const server = await scriptedServer([
      { request: /^GET/, answer: { status: 429, headers, body: 'wait' } },
    ]);
    const clock = new FakeClock();
    const { registry } = clientForTest({ clock });
    const error = await registryErrorOf(registry.list(repositoryAt(server, 'app'), quiet()));
    expect(error).toMatchObject({ code: 'unavailable', status: 429 });
    expect(clock.waits).toEqual([]);
  });

  it.each(['-1', '1e9', '99999999999999999999', 'soon', '', '0x10', '\u00a0'])(
    'in words that make no sense is asked again after our own time: %j',
    async (wait) => {
      const headers = { 'retry-after': wait };
      const refused = { request: /^GET/, answer: { status: 503, headers } };
      const absent = { status: 404, body: { errors: [{ code: 'NAME_UNKNOWN' }] } };
      const server = await scriptedServer([refused, { request: /^GET/, answer: absent }]);
      const clock = new FakeClock();
      const { registry } = clientForTest({ clock });
      expect(await registry.list(repositoryAt(server, 'app'), quiet())).toEqual({ kind: 'missing' });
      expect(clock.waits).toHaveLength(1);
      expect(clock.waits[0]).toBeLessThan(1000);
    },
  );
});

/** Waits for what the end of a limit brings about: a window in which something came is followed by another. */
async function endingAll<Value>(limits: Limits, promise: Promise<Value>): Promise<Value> {
  let settled = false;
  void promise.finally(() => (settled = true));
  await until(() => {
    limits.end();
    return settled;
  });
  return promise;
}

async function* pieces(): AsyncGenerator<Buffer> {
  for (;;) yield await Promise.resolve(Buffer.alloc(64 * 1024));
}
