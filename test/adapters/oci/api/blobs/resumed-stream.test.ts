import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ResumedStream } from '../../../../../src/adapters/oci/api/blobs/resumed-stream.ts';
import { drain } from '../../../../../src/base/byte-stream.ts';
import type {
  EmbeddedRegistryOptions,
  FaultAct,
} from '../../../../../src/embedded-registry/embedded-registry.ts';
import { layer } from '../../../../builders/images.ts';
import { type ScriptedRequest, scriptedServer } from '../../../../doubles/scripted-server.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  quiet,
  readAll,
  registryErrorOf,
  repositoryAt,
  until,
} from '../../client.ts';

const LARGE = layer('resumed', 3 * 1024 * 1024);
const HALF = LARGE.bytes.length / 2;

/** A large blob whose first answers go wrong, and the way to read it. */
async function stage(
  act: FaultAct,
  { times = 1, ...options }: EmbeddedRegistryOptions & { times?: number } = {},
) {
  const server = await embeddedForTest(options);
  server.store.putBlob('app', LARGE.bytes, LARGE.digest);
  server.addFault({ kind: 'blob-get', act, times });
  const { registry } = clientForTest();
  const open = () => registry.openBlob(repositoryAt(server, 'app'), descriptorOf(LARGE), quiet());
  return { server, open };
}

describe('a large blob', () => {
  it.each<[string, FaultAct]>([
    ['is closed', { kind: 'truncate' }],
    ['ends too early', { kind: 'short-body' }],
  ])('that %s in the middle goes on there: no byte comes twice', async (_what, act) => {
    const { server, open } = await stage(act);
    expect((await readAll(await open())).equals(LARGE.bytes)).toBe(true);
    expect(server.requests.map(({ status, bytesOut }) => [status, bytesOut])).toEqual([
      [200, HALF],
      [206, HALF],
    ]);
  });

  it('that is reset goes on after what has come', async () => {
    const { server, open } = await stage({ kind: 'reset-mid-body' }, { times: 3 });
    expect((await readAll(await open())).equals(LARGE.bytes)).toBe(true);
    expect(server.requests).toHaveLength(4);
  });

  it('that makes no progress is given up after a few times', async () => {
    const { server, open } = await stage({ kind: 'truncate', fraction: 0.0001 }, { times: Infinity });
    const error = await registryErrorOf(readAll(await open()));
    expect(error).toMatchObject({ code: 'unreachable', temporary: false });
    expect(server.requests).toHaveLength(5);
  });

  it('that nobody reads to its end is let go', async () => {
    const { open } = await stage({ kind: 'stall-mid-body' });
    const body = await open();
    if (body instanceof Uint8Array) throw new Error('expected a stream');
    body.destroy();
    await expect(readAll(body)).rejects.toThrow('closed');
  });
});

describe('a stream that is destroyed', () => {
  const blob = descriptorOf(LARGE);
  const error = new Error('enough');

  it('while it is opened again fails at once', async () => {
    const { server, open } = await stage({ kind: 'truncate' });
    server.addFault({ kind: 'blob-get', act: { kind: 'stall' } });
    const body = await open();
    if (body instanceof Uint8Array) throw new Error('expected a stream');
    const reading = drain(body);
    await until(() => server.stalled === 1);
    body.destroy(error);
    await expect(reading).rejects.toBe(error);
    await until(() => server.stalled === 0);
  });

  it('is not opened again', async () => {
    const silent = new Readable({ read: () => {} });
    const openFrom = () => Promise.reject(new Error('opened'));
    const pieces = new ResumedStream(silent, { blob, openFrom, signal: quiet() });
    const reading = drain(pieces);
    pieces.destroy(error);
    await expect(reading).rejects.toBe(error);
  });

  it('at its last byte has ended', async () => {
    const whole = failingAfter(LARGE.bytes);
    const openFrom = () => Promise.reject(new Error('opened'));
    const pieces = new ResumedStream(whole, { blob, openFrom, signal: quiet() });
    expect(await drain(pieces)).toBe(LARGE.bytes.length);
  });
});

function failingAfter(bytes: Uint8Array): Readable {
  return Readable.from(
    (async function* () {
      yield bytes;
      throw new Error('ECONNRESET');
    })(),
  );
}

describe('a server that is asked to go on', () => {
  const first = {
    request: /^GET/,
    answer: {
      raw: Buffer.concat([
        Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${LARGE.bytes.length}\r\n\r\n`),
        LARGE.bytes.subarray(0, HALF),
      ]),
      ending: 'close',
    },
  } as const;
  const asked = {
    request: /^GET/,
    check: ({ headers }: ScriptedRequest) => {
      expect(headers.range).toBe(`bytes=${HALF}-`);
    },
  };
  const range = (start: number) => ({
    'content-range': `bytes ${start}-${LARGE.bytes.length - 1}/${LARGE.bytes.length}`,
  });

  async function read(answer: { status: number; headers?: Record<string, string>; body: Uint8Array }) {
    const server = await scriptedServer([first, { ...asked, answer }]);
    const { registry } = clientForTest();
    return readAll(await registry.openBlob(repositoryAt(server, 'app'), descriptorOf(LARGE), quiet()));
  }

  it('may begin again: what is known is skipped', async () => {
    expect((await read({ status: 200, body: LARGE.bytes })).equals(LARGE.bytes)).toBe(true);
  });

  it.each<[string, number, number, string]>([
    ['elsewhere', 206, 0, 'unreachable'],
    ['with an answer that makes no sense', 204, HALF, 'unreachable'],
    ['and refuses', 416, HALF, 'unreachable'],
  ])('and begins %s has broken off', async (_what, status, start, code) => {
    const body = status === 206 ? LARGE.bytes.subarray(HALF) : new Uint8Array();
    const error = await registryErrorOf(read({ status, headers: range(start), body }));
    expect(error.code).toBe(code);
  });

  it('with other bytes is found out by the digest', async () => {
    const other = layer('other', LARGE.bytes.length).bytes;
    const error = await registryErrorOf(
      read({ status: 206, headers: range(HALF), body: other.subarray(HALF) }),
    );
    expect(error.code).toBe('mismatch');
  });
});
