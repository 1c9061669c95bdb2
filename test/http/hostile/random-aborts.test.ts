import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteStream } from '../../../src/base/byte-stream.ts';
import type { HttpRequest, HttpResponse } from '../../../src/http/request.ts';
import { readAll } from '../../adapters/oci/client.ts';
import { runs } from '../../builders/property-runs.ts';
import { type Play, RawServer } from '../../doubles/raw-server.ts';
import { turns } from '../../doubles/waiting.ts';
import { CHUNKED, soon, wireTo } from './asking.ts';

const REASON = new Error('enough');
const CONNECTIONS = 3;

/** The content of a path: its name, many times. */
function contentOf(path: string): string {
  return path.repeat(3000);
}

/** Answers each request with the content of its path, in several pieces, before it has read the body if told so. */
const answerAll: Play = async (connection) => {
  for (;;) {
    const request = await connection.head();
    if (request === undefined) return;
    const [, path = ''] = request.line.split(' ');
    const content = contentOf(path);
    const half = content.length / 2;
    await connection.send(
      `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n`,
      `${half.toString(16)}\r\n${content.slice(0, half)}\r\n`,
      `${half.toString(16)}\r\n${content.slice(half)}\r\n0\r\n\r\n`,
    );
    if (request.headers['content-length'] !== undefined) return connection.closed();
  }
};

const KINDS = ['whole', 'stream', 'destroyed', 'upload'] as const;

interface Asked {
  readonly kind: (typeof KINDS)[number];
  /** Turns of the event loop before the request is sent, and from then on before it is aborted. */
  readonly start: number;
  readonly abort: number | undefined;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  kind: fc.constantFrom(...KINDS),
  start: fc.nat(20),
  abort: fc.option(fc.nat(25), { nil: undefined }),
});

/** A body that never ends before its reader. */
async function* slowly(size: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < size; sent += 1000) {
    await turns(1);
    yield Buffer.alloc(1000);
  }
}

function partsOf({ kind }: Asked): Partial<HttpRequest> {
  if (kind === 'whole') return { maxBodyBytes: 2 ** 20 };
  if (kind !== 'upload') return { answer: 'stream' };
  const open = (): Promise<ByteStream> => {
    const pieces = slowly(50_000);
    return Promise.resolve({
      destroy: () => void pieces.return(undefined),
      [Symbol.asyncIterator]: () => pieces,
    });
  };
  return { method: 'PUT', body: { size: 50_000, open }, maxBodyBytes: 2 ** 20 };
}

async function readAnswer({ kind }: Asked, { stream, body }: HttpResponse): Promise<string> {
  if (stream !== undefined && kind === 'destroyed') {
    for await (const _ of stream) break;
    return 'destroyed';
  }
  return (await readAll(stream ?? body)).toString('latin1');
}

describe('requests that are aborted at any time', () => {
  it('get their own answers or their own errors, and leave the connections usable', async () => {
    const server = await RawServer.start(answerAll);
    const send = wireTo(server, { connections: CONNECTIONS });
    let count = 0;
    const ask = async (one: Asked) => {
      const path = `/${String((count += 1)).padStart(5, '0')}`;
      const stop = new AbortController();
      await turns(one.start);
      if (one.abort !== undefined) void turns(one.abort).then(() => stop.abort(REASON));
      try {
        const response = await send(path, { ...partsOf(one), signal: stop.signal });
        return (await readAnswer(one, response)).replace(contentOf(path), 'own');
      } catch (error) {
        return error === REASON ? 'aborted' : error;
      }
    };
    const property = fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 16 }), async (all) => {
      const results = await Promise.all(all.map(ask));
      for (const [index, { kind, abort }] of all.entries()) {
        const good = kind === 'destroyed' ? 'destroyed' : 'own';
        expect(abort === undefined ? [good] : [good, 'aborted']).toContain(results[index]);
      }
      const next = Array.from({ length: CONNECTIONS + 1 }, () =>
        ask({ kind: 'whole', start: 0, abort: undefined }),
      );
      expect(new Set(await Promise.all(next))).toEqual(new Set(['own']));
    });
    await fc.assert(property, runs({ seed: 20_261_140, numRuns: 150 }));
    await soon('streams leave no connection behind', () => server.open <= 16 + CONNECTIONS);
  });
});
