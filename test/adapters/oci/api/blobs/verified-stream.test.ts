import { describe, expect, it } from 'vitest';
import { type ByteStream, watchStream } from '../../../../../src/base/byte-stream.ts';
import { mismatchOf, verifiedStream } from '../../../../../src/adapters/oci/api/blobs/verified-stream.ts';
import { digestOf } from '../../../../../src/image/digest.ts';
import { UNKNOWN_SIZE } from '../../../../../src/image/oci-manifest.ts';
import { layer } from '../../../../builders/images.ts';
import { poisoned } from '../../../../doubles/reused-memory.ts';
import { descriptorOf } from '../../client.ts';

const LAYER = layer('verified', 1000);
const BLOB = descriptorOf(LAYER);
const UNSIZED = { ...BLOB, size: UNKNOWN_SIZE };
const NOTHING = new Uint8Array();

/** A stream of these pieces, which says whether it was closed before its end. */
class Pieces implements ByteStream {
  isClosed = false;
  readonly #pieces: readonly Uint8Array[];

  constructor(...pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
  }

  destroy(): void {
    this.isClosed = true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.isClosed = true;
    for (const piece of this.#pieces) yield piece;
    this.isClosed = false;
  }
}

/** The bytes of the blob, or others, in two pieces. */
function halves(bytes: Uint8Array = LAYER.bytes): readonly [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, 500), bytes.subarray(500)];
}

/** The bytes that are passed on, and the error that they end with. */
async function read(stream: ByteStream) {
  const passed: Uint8Array[] = [];
  let error: unknown;
  try {
    for await (const piece of poisoned(stream)) passed.push(Buffer.from(piece));
  } catch (thrown) {
    error = thrown;
  }
  return { bytes: Buffer.concat(passed), error };
}

describe.each([
  ['known', BLOB],
  ['unknown', UNSIZED],
])('a blob of %s size', (_size, blob) => {
  it('is passed on whole, empty pieces between its own', async () => {
    const [first, second] = halves();
    const source = poisoned(new Pieces(NOTHING, first, NOTHING, second, NOTHING));
    const { bytes, error } = await read(verifiedStream(blob, source));
    expect(error).toBeUndefined();
    expect(bytes.equals(LAYER.bytes)).toBe(true);
  });

  it.each([
    ['with other bytes', halves(layer('other', 1000).bytes), 'other bytes'],
    ['with too few', halves(LAYER.bytes.subarray(0, 999)), undefined],
    ['with too many', halves(Buffer.concat([LAYER.bytes, Buffer.of(1)])), undefined],
    ['without any', [], undefined],
  ])('is never passed on whole %s', async (_what, pieces, why) => {
    const { bytes, error } = await read(verifiedStream(blob, new Pieces(...pieces)));
    expect(error).toMatchObject({ code: 'mismatch', temporary: true });
    if (why !== undefined) expect(error).toMatchObject({ message: expect.stringContaining(why) });
    expect(bytes.length).toBeLessThan(LAYER.bytes.length);
  });

  it('without bytes needs the right digest', async () => {
    const size = blob.size === UNKNOWN_SIZE ? UNKNOWN_SIZE : 0;
    const empty = { ...blob, digest: digestOf(NOTHING), size };
    expect(await read(verifiedStream(empty, new Pieces()))).toMatchObject({ error: undefined });
    const { error } = await read(verifiedStream({ ...blob, size }, new Pieces()));
    expect(error).toMatchObject({ code: 'mismatch' });
  });
});

describe('a blob of known size', () => {
  it('fails after its last piece when more bytes come, and closes its source', async () => {
    const source = new Pieces(...halves(), Buffer.of(1));
    const { error } = await read(verifiedStream(BLOB, source));
    expect(error).toMatchObject({
      code: 'mismatch',
      message: expect.stringContaining('more than 1000 bytes'),
    });
    expect(source.isClosed).toBe(true);
  });

  it('asks for no further piece before it passes one on', async () => {
    let asked = 0;
    const source = watchStream(new Pieces(...halves()), { onPiece: () => (asked += 1) });
    const pieces = verifiedStream(BLOB, source)[Symbol.asyncIterator]();
    await pieces.next();
    expect(asked).toBe(1);
    await pieces.next();
    expect(asked).toBe(2);
  });
});

it('bytes in memory are compared with a descriptor', () => {
  expect(mismatchOf(BLOB, LAYER.bytes)).toBeUndefined();
  expect(mismatchOf(BLOB, NOTHING)?.message).toContain('0 bytes instead of 1000');
  expect(mismatchOf(BLOB, layer('other', 1000).bytes)?.message).toContain('other bytes');
});
