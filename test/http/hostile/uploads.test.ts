import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/http/request.ts';
import { type RawConnection, RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { turns } from '../../doubles/waiting.ts';
import { BROKEN_OFF, firstPlays, outcomeOf, soon, wireTo } from './asking.ts';

const MIB = 2 ** 20;
/** More than the kernel takes for a server that does not read. */
const SIZE = 64 * MIB;
const REFUSAL = rawAnswer(['HTTP/1.1 413 Too Large', 'Content-Length: 5'], 'large');
const CLOSING = rawAnswer(['HTTP/1.1 413 Too Large', 'Connection: close', 'Content-Length: 5'], 'large');

/** The body of a request, the bytes that were taken of it, and whether it was let go. */
interface Upload {
  readonly body: NonNullable<HttpRequest['body']>;
  readonly taken: () => number;
  readonly isReleased: () => boolean;
}

const KINDS: readonly (readonly [string, () => Upload])[] = [
  ['bytes', () => ({ body: Buffer.alloc(SIZE), taken: () => 0, isReleased: () => true })],
  ['a stream', streamUpload],
];

function streamUpload(): Upload {
  let taken = 0;
  const source = new Readable({
    read() {
      taken += MIB;
      this.push(taken > SIZE ? null : Buffer.alloc(MIB));
    },
  });
  const body = { size: SIZE, open: () => Promise.resolve(source) };
  return { body, taken: () => taken, isReleased: () => source.destroyed };
}

/** Sends an upload to a server that plays, and another request after it, which has to get its own answer. */
async function uploadAndNext(
  { body, isReleased }: Upload,
  play: (connection: RawConnection) => Promise<void>,
) {
  const server = await RawServer.start(
    firstPlays(async (connection) => {
      await play(connection);
      await soon('the client closes the connection', () => connection.isClosed);
    }),
  );
  const send = wireTo(server);
  const first = await outcomeOf(send('/x', { method: 'PUT', body }));
  const second = await outcomeOf(send('/y'));
  server.connections[0]?.readOn();
  await soon('the client closes the connection', () => server.connections[0]?.isClosed === true);
  await soon('the source is released', isReleased);
  return { first, second, connections: server.connections.length };
}

describe.each(KINDS)('an upload of %s', (_kind, make) => {
  const answered = { first: { status: 413, body: 'large' }, second: { body: 'next' }, connections: 2 };
  const lost = { first: BROKEN_OFF, second: { body: 'next' }, connections: 2 };

  it.each([
    ['and keeps the connection', REFUSAL],
    ['and says close', CLOSING],
    ['after an interim answer', rawAnswer(['HTTP/1.1 103 Early Hints']) + REFUSAL],
  ])('gets the answer of a server that does not read it %s', async (_what, raw) => {
    const both = await uploadAndNext(make(), async (connection) => {
      await connection.head();
      connection.stopReading();
      await connection.send(raw);
    });
    expect(both).toMatchObject(answered);
  });

  it('gets the answer of a server that closes its half', async () => {
    const both = await uploadAndNext(make(), async (connection) => {
      await connection.head();
      connection.stopReading();
      await connection.send(CLOSING);
      connection.end();
    });
    expect(both).toMatchObject(answered);
  });

  it('gets the answer of a server that resets the connection afterwards', async () => {
    const both = await uploadAndNext(make(), async (connection) => {
      await connection.head();
      connection.stopReading();
      await connection.send(CLOSING);
      await turns(50);
      connection.reset();
    });
    expect(both).toMatchObject(answered);
  });

  it('gets the answer or an error if the connection is reset at once', async () => {
    const { first, second } = await uploadAndNext(make(), async (connection) => {
      await connection.head();
      await connection.send(CLOSING);
      connection.reset();
    });
    expect('code' in first ? { ...first, status: 413 } : first).toMatchObject({ status: 413 });
    if ('code' in first) expect(first).toMatchObject(BROKEN_OFF);
    expect(second).toMatchObject({ body: 'next' });
  });

  it('gets the answer of a server that has read a part', async () => {
    const both = await uploadAndNext(make(), async (connection) => {
      await soon('a part is read', () => connection.received.length > 3 * MIB);
      connection.stopReading();
      await connection.send(REFUSAL);
    });
    expect(both).toMatchObject(answered);
  });

  it.each(['end', 'reset'] as const)('fails if its server closes the connection (%s)', async (way) => {
    const atOnce = await uploadAndNext(make(), async (connection) => {
      await connection.head();
      connection[way]();
    });
    expect(atOnce).toMatchObject(lost);
    const later = await uploadAndNext(make(), async (connection) => {
      await soon('a part is read', () => connection.received.length > 3 * MIB);
      connection[way]();
    });
    expect(later).toMatchObject(lost);
  });

  it('fails if its answer is invalid', async () => {
    const both = await uploadAndNext(make(), async (connection) => {
      await connection.head();
      connection.stopReading();
      await connection.send('SSH-2.0-OpenSSH_9.2\r\n');
    });
    expect(both).toMatchObject({ ...lost, first: { code: 'unexpected', temporary: false } });
  });

  it('fails if its answer breaks off', async () => {
    const both = await uploadAndNext(make(), async (connection) => {
      await connection.head();
      connection.stopReading();
      await connection.send(REFUSAL.slice(0, -1));
      connection.end();
    });
    expect(both).toMatchObject(lost);
  });

  it('is read to its end by a server that answers late, and keeps its connection', async () => {
    const server = await RawServer.start(async (connection) => {
      for (let request = await connection.request(); request; request = await connection.request()) {
        await connection.send(
          rawAnswer(['HTTP/1.1 201 Created', `Content-Length: 0`, `X-Size: ${request.body.length}`]),
        );
      }
    });
    const send = wireTo(server);
    const { body } = make();
    expect(await outcomeOf(send('/x', { method: 'PUT', body }))).toMatchObject({
      status: 201,
      headers: { 'x-size': String(SIZE) },
    });
    expect(await outcomeOf(send('/y'))).toMatchObject({ status: 201 });
    expect(server.connections).toHaveLength(1);
  });
});

it.each([REFUSAL, rawAnswer(['HTTP/1.1 201 Created', 'Content-Length: 0'])])(
  'an upload whose source waits gets an early answer, and the next request is not taken for the rest: %j',
  async (raw) => {
    const source = new Readable({ read: () => {} });
    source.push('hello');
    const body = { size: 1000, open: () => Promise.resolve(source) };
    const upload = { body, taken: () => 0, isReleased: () => source.destroyed };
    const both = await uploadAndNext(upload, async (connection) => {
      await soon('the beginning arrives', () => connection.received.includes('hello'));
      await connection.send(raw);
    });
    expect(both).toMatchObject({
      first: { status: Number(raw.slice(9, 12)) },
      second: { body: 'next' },
      connections: 2,
    });
  },
);

describe('an upload to a server that never reads', () => {
  it('takes little of its source, until it is aborted', async () => {
    const server = await RawServer.start(async (connection) => {
      connection.stopReading();
      await Promise.resolve();
    });
    const { body, taken, isReleased } = streamUpload();
    const stop = new AbortController();
    const asked = wireTo(server)('/x', { method: 'PUT', body, signal: stop.signal });
    const failed = expect(asked).rejects.toThrow('enough');
    for (let before = -1; before !== taken() || before === 0; await turns(500)) before = taken();
    expect(taken()).toBeLessThan(SIZE / 2);
    stop.abort(new Error('enough'));
    await failed;
    server.connections[0]?.readOn();
    await soon('the connection is closed', () => server.open === 0 && isReleased());
  });
});
