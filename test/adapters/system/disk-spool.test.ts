// Covers src/adapters/system/spool-capacity.ts
// Covers src/adapters/system/spool-file.ts
// Covers src/ports/spool.ts

import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDiskSpool } from '../../../src/adapters/system/disk-spool.ts';
import { asSpoolError, SpoolFile } from '../../../src/adapters/system/spool-file.ts';
import { drain, watchStream } from '../../../src/base/byte-stream.ts';
import { messageOf } from '../../../src/base/errors.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_LAYER_GZIP } from '../../../src/image/media-types.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { SpooledBlob } from '../../../src/ports/spool.ts';
import { readAll } from '../oci/client.ts';
import { testdir } from '../../builders/testdir.ts';

const BYTES = randomBytes(1_000_003);
const BLOB: Descriptor = { mediaType: OCI_LAYER_GZIP, digest: digestOf(BYTES), size: BYTES.length };

interface Setting {
  readonly blob?: Descriptor;
  readonly directory?: string;
  readonly limit?: number;
  readonly freeBytes?: () => Promise<number>;
}

async function setUp({ blob = BLOB, directory, limit = 2 ** 30, ...disk }: Setting = {}) {
  const place = directory ?? (await testdir({}));
  const lines: string[] = [];
  const log: Log = {
    write: (severity, message, fields) => lines.push(`${severity} ${message} ${JSON.stringify(fields)}`),
  };
  const spool = createDiskSpool({ directory: place, limit, log, ...disk });
  const create = async (): Promise<SpooledBlob> => {
    const file = await spool.create(blob);
    onTestFinished(() => file.discard());
    return file;
  };
  return { place, lines, spool, create };
}

/** Bytes in pieces of a thousand. */
function pieces(bytes: Buffer): Readable {
  const starts = Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, index) => index * 1000);
  return Readable.from(starts.map((start) => bytes.subarray(start, start + 1000)));
}

describe('a blob in the spool', () => {
  it('is read as often as it is wanted, before it is whole and after', async () => {
    const { create } = await setUp();
    const file = await create();
    const early = [readAll(file.read()), readAll(file.read())];
    await file.write(pieces(BYTES));
    const read = await Promise.all([...early, readAll(file.read())]);
    expect(read.map((bytes) => bytes.equals(BYTES))).toEqual([true, true, true]);
  });

  it('has no name in the directory of the spool', async () => {
    const { create, place } = await setUp();
    const file = await create();
    await file.write(pieces(BYTES));
    expect(readdirSync(place)).toEqual([]);
  });

  it('is read up to where it has come, at once', async () => {
    const { create } = await setUp();
    const file = await create();
    const source = new PassThrough();
    const filled = file.write(source);
    const reader = file.read();
    source.write(BYTES.subarray(0, 1000));
    const first = await reader[Symbol.asyncIterator]().next();
    expect(BYTES.subarray(0, 1000).equals(first.value)).toBe(true);
    source.end(BYTES.subarray(1000));
    await filled;
    reader.destroy();
  });

  it('is filled whatever a reader does', async () => {
    const { create } = await setUp();
    const file = await create();
    const idle = file.read();
    const begun = idle[Symbol.asyncIterator]().next(); // nobody takes more than its first piece
    const broken = file.read();
    broken.destroy();
    await file.write(pieces(BYTES));
    expect((await readAll(file.read())).equals(BYTES)).toBe(true);
    await begun;
    idle.destroy();
  });
});

it('a reader that is destroyed while it waits for bytes fails, and no other one', async () => {
  const { create, lines } = await setUp();
  const file = await create();
  const source = new PassThrough();
  const filled = file.write(source);
  const [waiting, other] = [file.read(), file.read()];
  const [first, second] = [readAll(waiting), readAll(other)];
  const error = new Error('enough');
  waiting.destroy(error);
  await expect(first).rejects.toBe(error);
  source.end(BYTES);
  await filled;
  expect((await second).equals(BYTES)).toBe(true);
  expect(lines).toEqual([]);
});

describe('the room on the disk', () => {
  const SIZE = BLOB.size;

  it('that a blob will need is promised to no other one', async () => {
    const { create, lines } = await setUp({ freeBytes: async () => 1.5 * SIZE });
    const first = await create();
    await expect(create()).rejects.toMatchObject({
      code: 'no-room',
      message: expect.stringContaining(` has ${0.5 * SIZE} bytes left for a blob of ${SIZE}`),
    });
    expect(lines).toHaveLength(1);
    await first.discard();
    await create();
  });

  it('is promised to one of two that come at the same time', async () => {
    const { create } = await setUp({ freeBytes: async () => 1.5 * SIZE });
    const both = await Promise.allSettled([create(), create()]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('that a blob has is not promised to it any more', async () => {
    let free = 2 * SIZE;
    const { create } = await setUp({ freeBytes: async () => free });
    const file = await create();
    await file.write(pieces(BYTES));
    free -= SIZE;
    await create();
  });

  it.each([
    ['what is free', { free: 5 * SIZE, written: false, limit: 9 * SIZE }, 5 * SIZE],
    ['what its blobs have, too', { free: 4 * SIZE, written: true, limit: 9 * SIZE }, 5 * SIZE],
    ['no more than it may be', { free: 5 * SIZE, written: false, limit: 2 * SIZE }, 2 * SIZE],
  ])('for blobs is %s', async (_what, { free, written, limit }, expected) => {
    const { create, spool } = await setUp({ freeBytes: async () => free, limit });
    const file = await create();
    if (written) await file.write(pieces(BYTES));
    expect(await spool.capacityFor(BLOB)).toBe(expected);
  });

  it('for a blob that never fits is told once, unless that was wanted', async () => {
    let free = SIZE;
    const { spool, lines } = await setUp({ freeBytes: async () => free, limit: SIZE });
    expect(await spool.capacityFor(BLOB)).toBe(SIZE);
    expect(await spool.capacityFor({ ...BLOB, size: SIZE + 1 })).toBe(SIZE);
    expect(lines).toEqual([]);
    free = SIZE - 1;
    for (let time = 0; time < 2; time++) expect(await spool.capacityFor(BLOB)).toBe(SIZE - 1);
    expect(lines).toEqual([expect.stringMatching(/^warning no room in the spool for a blob: /)]);
    expect(lines[0]).toMatch(new RegExp(`the spool: /\\S+ has ${SIZE - 1} bytes left for a blob of ${SIZE}`));
  });

  it('that nobody can tell is found out when it is needed', async () => {
    const { spool, lines } = await setUp({ directory: '/nonexistent/spool' });
    expect(await spool.capacityFor(BLOB)).toBe(2 ** 30);
    expect(lines).toEqual([]);
  });
});

describe('what goes wrong with a blob in the spool', () => {
  it('at its source is what its readers end with', async () => {
    const { create, lines } = await setUp();
    const file = await create();
    const error = new Error('the source broke off');
    const reading = readAll(file.read());
    const source = Readable.from(
      (async function* () {
        yield BYTES.subarray(0, 5000);
        throw error;
      })(),
    );
    await expect(file.write(source)).rejects.toBe(error);
    await expect(reading).rejects.toBe(error);
    await expect(readAll(file.read())).rejects.toBe(error);
    expect(lines).toEqual([]);
  });

  it.each([
    ['one bit', 'other bytes', Buffer.concat([BYTES.subarray(0, -1), Buffer.of((BYTES.at(-1) ?? 0) ^ 1)])],
    ['its end', 'it ends too early', BYTES.subarray(0, -1)],
  ])('on the disk (%s) never leaves it whole', async (_what, how, bytes) => {
    const { create, lines } = await setUp();
    const file = await create();
    await file.write(pieces(bytes));
    let received = 0;
    const onPiece = (length: number) => {
      received += length;
    };
    const reading = drain(watchStream(file.read(), { onPiece }));
    const message = `blob ${BLOB.digest}: its copy on disk is damaged: ${how}`;
    await expect(reading).rejects.toMatchObject({ code: 'damaged', message });
    expect(received).toBeLessThan(BYTES.length);
    expect(lines).toEqual([expect.stringMatching(/^warning the spool has damaged a blob: /)]);
  });

  it('when it is discarded ends its readers and its source', async () => {
    const { create, lines } = await setUp();
    const file = await create();
    const source = new PassThrough();
    const filling = file.write(source);
    const reading = readAll(file.read());
    source.write(BYTES.subarray(0, 1000));
    const ended = Promise.allSettled([filling, reading]);
    await file.discard();
    const message = `blob ${BLOB.digest}: its copy on disk is gone`;
    expect(await ended).toMatchObject([{ status: 'rejected' }, { reason: { code: 'closed', message } }]);
    expect(source.destroyed).toBe(true);
    expect(lines).toEqual([]);
  });

  it('for want of room is said at once, and told to people once', async () => {
    const { create, lines } = await setUp({ blob: { ...BLOB, size: 2 ** 50 } });
    await expect(create()).rejects.toMatchObject({ code: 'no-room' });
    await expect(create()).rejects.toMatchObject({ code: 'no-room' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^warning no room in the spool for a blob: this one, and others that do not fit, .*TMPDIR.* has \d+ bytes left for a blob of 1125899906842624/,
    );
    expect(lines[0]).toContain(`"blob":"${BLOB.digest}","bytes":1125899906842624`);
  });

  it('for want of its directory is said at once', async () => {
    const { create, lines } = await setUp({ directory: '/nonexistent/spool' });
    await expect(create()).rejects.toMatchObject({ code: 'broken' });
    expect(lines).toEqual([expect.stringMatching(/^warning no spool: large blobs are read .*ENOENT/)]);
  });

  it.runIf(process.platform === 'linux')('on a disk that fills up is no room', async () => {
    const file = new SpoolFile(BLOB, await open('/dev/full', 'r+'));
    const reading = readAll(file.read());
    const ended = Promise.allSettled([file.write(pieces(BYTES)), reading]);
    expect(await ended).toMatchObject([{ reason: { code: 'no-room' } }, { reason: { code: 'no-room' } }]);
    await file.discard();
  });

  it('on a disk that cannot be read is said by the disk', async () => {
    const file = new SpoolFile(BLOB, await open(join(await testdir({}), 'write only'), 'w'));
    await file.write(pieces(BYTES));
    await expect(readAll(file.read())).rejects.toMatchObject({
      code: 'broken',
      message: expect.stringMatching(/^the spool: EBADF/),
    });
    await file.discard();
  });
});

describe('the failure of a file system', () => {
  it.each([
    ['ENOSPC', 'no-room'],
    ['EDQUOT', 'no-room'],
    ['EFBIG', 'no-room'],
    ['EIO', 'broken'],
  ])('by %s is %s', (code, expected) => {
    const cause = Object.assign(new Error(`${code}: write`), { code });
    expect(asSpoolError(cause)).toMatchObject({
      code: expected,
      message: `the spool: ${code}: write`,
      cause,
    });
  });

  it.each([new Error('odd'), 'odd', undefined])('that says no more than %s is broken', (cause) => {
    expect(asSpoolError(cause)).toMatchObject({ code: 'broken', message: `the spool: ${messageOf(cause)}` });
  });
});
