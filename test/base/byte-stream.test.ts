import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ByteStream, derivedStream, drain, readWhole, watchStream } from '../../src/base/byte-stream.ts';
import { poisoned } from '../doubles/reused-memory.ts';

const BYTES = Buffer.from('some bytes in pieces');

/** The bytes in pieces of seven, empty ones between. */
function pieces(): Readable {
  const starts = [0, 7, 14];
  return Readable.from(starts.flatMap((start) => [Buffer.alloc(0), BYTES.subarray(start, start + 7)]));
}

/** A stream whose first read waits until it is destroyed. */
function silent(): Readable {
  return new Readable({ read: () => {} });
}

function failing(error: Error): ByteStream {
  return Readable.from(
    (async function* () {
      yield BYTES;
      throw error;
    })(),
  );
}

describe('a whole stream', () => {
  it('is read into memory of its own', async () => {
    expect(Buffer.from(await readWhole(poisoned(pieces()))).equals(BYTES)).toBe(true);
    expect(await readWhole(BYTES)).toBe(BYTES);
  });

  it('is drained', async () => {
    expect(await drain(pieces())).toBe(BYTES.length);
  });
});

describe('a stream that is made from another one', () => {
  const twice = (source: ByteStream) =>
    derivedStream(source, async function* () {
      for await (const piece of source) {
        yield piece;
        yield piece;
      }
    });

  it('ends its source when it is destroyed before it was read', async () => {
    const source = silent();
    twice(source).destroy();
    expect(source.destroyed).toBe(true);
  });

  it('ends its source when its reader leaves', async () => {
    const source = pieces();
    for await (const _ of twice(source)) break;
    expect(source.destroyed).toBe(true);
  });

  it('fails with the error that it is destroyed with, also while it waits for a piece', async () => {
    const source = silent();
    const stream = twice(source);
    const reading = drain(stream);
    const error = new Error('enough');
    stream.destroy(error);
    await expect(reading).rejects.toBe(error);
  });
});

describe('a stream that is drained', () => {
  it('is closed once it has more than its limit', async () => {
    const [short, long] = [pieces(), pieces()];
    expect(await drain(short, 20)).toBe(20);
    expect(await drain(long, 7)).toBe(14);
    expect(long.destroyed).toBe(true);
  });
});

describe('a stream that is watched', () => {
  it('tells the length of each piece', async () => {
    const lengths: number[] = [];
    await drain(watchStream(pieces(), { onPiece: (length) => lengths.push(length) }));
    expect(lengths).toEqual([0, 7, 0, 7, 0, 6]);
  });

  it('tells its failure', async () => {
    const [error, failures] = [new Error('broken'), [] as unknown[]];
    const watched = watchStream(failing(error), { onFailure: (failure) => failures.push(failure) });
    await expect(drain(watched)).rejects.toBe(error);
    expect(failures).toEqual([error]);
  });

  it('tells no failure of a stream that was destroyed', async () => {
    const failures: unknown[] = [];
    const watched = watchStream(silent(), { onFailure: (failure) => failures.push(failure) });
    const reading = drain(watched);
    watched.destroy();
    await expect(reading).rejects.toThrow();
    expect(failures).toEqual([]);
  });
});
