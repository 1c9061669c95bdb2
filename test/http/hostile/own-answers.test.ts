import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { HttpResponse } from '../../../src/http/request.ts';
import { readAll } from '../../adapters/oci/client.ts';
import { runs } from '../../builders/property-runs.ts';
import { type RawConnection, type RawRequest, RawServer } from '../../doubles/raw-server.ts';
import { rawAnswer } from '../../doubles/scripted-server.ts';
import { turns } from '../../doubles/waiting.ts';
import { CHUNKED, type Send, wireTo } from './asking.ts';

/** What a server does with a request, and what its client does. */
interface Exchange {
  readonly kind: (typeof KINDS)[number];
  readonly size: number;
  /** Places of the answer, as fractions, at which it is cut. */
  readonly cuts: readonly number[];
  readonly isStream: boolean;
  /** Turns of the event loop after which it is aborted. */
  readonly abortAfter: number | undefined;
}

const KINDS = [
  'length',
  'chunks',
  'close',
  'close-length',
  'interim',
  'empty',
  'error',
  'head',
  'upload',
  'surplus',
  'evil',
  'broken',
  'invalid',
  'silent',
] as const;
/** Their answers are no answers. */
const FAILING = new Set<Exchange['kind']>(['broken', 'invalid', 'silent']);

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const exchange: fc.Arbitrary<Exchange> = fc.record({
  kind: fc.constantFrom(...KINDS),
  size: fc.oneof(fc.nat(20), fc.nat(60_000)),
  cuts: fc.array(fraction, { maxLength: 5 }),
  isStream: fc.boolean(),
  abortAfter: fc.option(fc.nat(60), { freq: 6, nil: undefined }),
});

const SURPLUS = 'surplus';
const EVIL = rawAnswer(['HTTP/1.1 200 OK', 'X-Id: evil', 'Content-Length: 4'], 'evil');

/** The body that names its request. */
function bodyOf(id: string, size: number): string {
  return `${id}:${id.repeat(Math.ceil(size / id.length)).slice(0, size)}`;
}

it('every request gets its own answer, or none, whatever happens to the others', async () => {
  const property = fc.asyncProperty(
    fc.array(exchange, { minLength: 60, maxLength: 120 }),
    async (exchanges) => {
      const server = await RawServer.start(async (connection) => {
        for (let next = await connection.request(); next; next = await connection.request()) {
          const id = next.line.split(' ')[1]?.slice(1) ?? '';
          const asked = exchanges[Number(id)];
          if (asked === undefined) throw new Error(`nobody asked for ${id}`);
          if (!(await serve(connection, { id, request: next, asked }))) return;
        }
      });
      const send = wireTo(server, { connections: 3 });
      await Promise.all(exchanges.map((asked, index) => check(send, { id: String(index), asked })));
    },
  );
  await fc.assert(property, runs({ seed: 20_261_130, numRuns: 15 }));
});

/** Checks the answer to one request. */
async function check(send: Send, { id, asked }: { id: string; asked: Exchange }): Promise<void> {
  const { kind, size, isStream, abortAfter } = asked;
  const stop = new AbortController();
  const answer = isStream ? 'stream' : 'buffer';
  const isUpload = kind === 'upload';
  const method = kind === 'head' ? 'HEAD' : isUpload ? 'PUT' : 'GET';
  const parts = { method, answer, signal: stop.signal, maxBodyBytes: 200_000 } as const;
  const body = isUpload ? Buffer.from(bodyOf(id, size)) : undefined;
  const response = send(`/${id}`, { ...parts, ...(body && { body }) });
  const isSettled = contentOf(response).then(
    ({ content, status, idHeader }) => {
      expect(FAILING.has(kind), `${kind} is answered`).toBe(false);
      expect(idHeader).toBe(id);
      expect(status).toBe(statusOf(kind));
      expect(content).toBe(kind === 'head' || kind === 'empty' ? '' : bodyOf(id, size));
    },
    (error: unknown) => {
      if (!FAILING.has(kind) && !stop.signal.aborted) throw error;
    },
  );
  if (abortAfter !== undefined) {
    await turns(abortAfter);
    stop.abort(new Error('enough'));
  }
  await isSettled;
}

async function contentOf(asked: Promise<HttpResponse>) {
  const { status, headers, body, stream } = await asked;
  const content = (await readAll(stream ?? body)).toString('latin1');
  return { status, idHeader: headers['x-id'], content };
}

function statusOf(kind: Exchange['kind']): number {
  return kind === 'empty' ? 204 : kind === 'error' ? 404 : 200;
}

/** Answers a request. Returns false if the connection is no longer of use. */
async function serve(
  connection: RawConnection,
  { id, request, asked }: { id: string; request: RawRequest; asked: Exchange },
): Promise<boolean> {
  const { kind, size, cuts } = asked;
  const body = kind === 'upload' ? request.body.toString('latin1') : bodyOf(id, size);
  const bytes = Buffer.from(answerOf({ id, kind, body }), 'latin1');
  // what comes too much arrives with the end of the answer: later, it could be the next one
  const last = bytes.length - (kind === 'evil' ? EVIL.length : kind === 'surplus' ? SURPLUS.length : 0) - 1;
  const inner = cuts.map((cut) => Math.floor(cut * Math.max(last, 0)));
  const places = [0, ...inner.toSorted((a, b) => a - b), bytes.length];
  for (let index = 1; index < places.length; index++) {
    await connection.send(bytes.subarray(places[index - 1], places[index]));
    await turns((index * bytes.length) % 3);
  }
  if (kind === 'silent') connection.reset();
  if (kind.startsWith('close') || kind === 'broken') connection.end();
  if (kind === 'surplus' || kind === 'evil' || kind === 'invalid') await connection.closed();
  return !connection.isClosed;
}

function answerOf({ id, kind, body }: { id: string; kind: Exchange['kind']; body: string }): string {
  const ok = ['HTTP/1.1 200 OK', `X-Id: ${id}`];
  const whole = rawAnswer([...ok, `Content-Length: ${body.length}`], body);
  switch (kind) {
    case 'length':
    case 'upload':
      return whole;
    case 'chunks':
      return rawAnswer([...ok, CHUNKED], chunksOf(body));
    case 'close':
      return rawAnswer(ok, body);
    case 'close-length':
      return rawAnswer([...ok, 'Connection: close', `Content-Length: ${body.length}`], body);
    case 'interim':
      return rawAnswer(['HTTP/1.1 103 Early Hints', 'X-Id: interim']) + whole;
    case 'empty':
      return rawAnswer(['HTTP/1.1 204 No Content', `X-Id: ${id}`]);
    case 'error':
      return whole.replace('200 OK', '404 Not Found');
    case 'head':
      return rawAnswer([...ok, `Content-Length: ${body.length}`]);
    case 'surplus':
      return whole + SURPLUS;
    case 'evil':
      return whole + EVIL;
    case 'broken':
      return whole.slice(0, -1);
    case 'invalid':
      return whole.replace('X-Id:', 'X-Id :');
    case 'silent':
      return '';
  }
}

/** Chunks of 1, 2, 4, … bytes. */
function chunksOf(body: string): string {
  let chunks = '';
  for (let start = 0, size = 1; start < body.length; start += size / 2) {
    const chunk = body.slice(start, start + size);
    chunks += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
    size *= 2;
  }
  return `${chunks}0\r\n\r\n`;
}
