// Covers src/copy/blobs/shared-blob.ts

import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { watchStream } from '../../../src/base/byte-stream.ts';
import { createDiskSpool } from '../../../src/adapters/system/disk-spool.ts';
import { BlobFanOut, type Share } from '../../../src/copy/blobs/blob-fan-out.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { type Spool, SpoolError, type SpooledBlob } from '../../../src/ports/spool.ts';
import { readAll, until } from '../../adapters/oci/client.ts';
import { type Blob, image, layer } from '../../builders/images.ts';
import { repository } from '../../builders/manifests.ts';
import { testdir } from '../../builders/testdir.ts';
import { describeBlob } from '../../system/contract/push-through-port.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { MemorySpool } from '../../doubles/memory-spool.ts';

const SOURCE = repository('s.io/s/app');
const LARGE = 600 * 1024;
const A = layer('a', LARGE);
const B = layer('b', LARGE);
const SMALL = layer('small');
const NEVER = new AbortController().signal;

function setUp({ limit = 2 ** 30 }: { limit?: number } = {}) {
  const registry = new MemoryRegistry();
  registry.push(SOURCE, image({ seed: 'supply', layers: [A, B, SMALL] }));
  const spool = new MemorySpool(limit);
  return {
    registry,
    spool,
    reads: () => registry.count({ verb: 'open-blob' }),
    ...suppliedBy(registry, spool),
  };
}

function suppliedBy(source: MemoryRegistry, spool: Spool) {
  const supply = new BlobFanOut({ source, spool });
  /** What a host does that has to send a blob. */
  const send = async (blob: Blob, host: string, others: readonly string[] = []) => {
    supply.arrive(describeBlob(blob), host, others);
    const share = await supply.join(describeBlob(blob));
    try {
      return await bytesOf(share);
    } finally {
      share.leave();
      supply.settle(describeBlob(blob), host);
    }
  };
  return { supply, send };
}

async function bytesOf(share: Share): Promise<Buffer> {
  return readAll(await share.open(SOURCE, NEVER));
}

/** A disk in name only: what is written beyond its size is refused. */
class SmallDisk {
  readonly lines: string[] = [];
  readonly #size: number;
  #used = 0;

  constructor(size: number) {
    this.#size = size;
  }

  async spool(): Promise<Spool> {
    const { lines } = this;
    const log = { write: (_level: string, message: string) => void lines.push(message) };
    const freeBytes = () => Promise.resolve(this.#size - this.#used);
    const real = createDiskSpool({ directory: await testdir({}), limit: 2 ** 30, log, freeBytes });
    return { ...real, create: async (blob) => this.#counted(await real.create(blob)) };
  }

  #counted(file: SpooledBlob): SpooledBlob {
    let used = 0;
    const onPiece = (length: number) => {
      used += length;
      this.#used += length;
      if (this.#used > this.#size) throw new SpoolError('no-room', 'the spool: ENOSPC');
    };
    return {
      write: (source) => file.write(watchStream(source, { onPiece })),
      read: () => file.read(),
      discard: async () => {
        await file.discard();
        this.#used -= used;
        used = 0;
      },
    };
  }
}

/** Begins an attempt that ends when the test says so. */
async function hold(supply: BlobFanOut, blob: Descriptor, hosts: readonly [string, ...string[]]) {
  const [host, ...others] = hosts;
  supply.arrive(blob, host, others);
  const share = await supply.join(blob);
  const release = () => {
    share.leave();
    supply.settle(blob, host);
  };
  return { share, release };
}

describe('a blob that several hosts want', () => {
  it.each([
    ['large', A, 1],
    ['small', SMALL, 0],
  ] as const)('is read once, and forgotten after the last of them: %s', async (_size, blob, files) => {
    const { spool, send, reads } = setUp();
    const first = await send(blob, 'a.io', ['b.io', 'c.io']);
    const more = await Promise.all([send(blob, 'b.io'), send(blob, 'c.io')]);
    expect([first, ...more].map((bytes) => bytes.equals(blob.bytes))).toEqual([true, true, true]);
    expect(reads()).toBe(1);
    expect(spool).toMatchObject({ created: files, kept: 0 });
    await send(blob, 'd.io', ['e.io']);
    expect(reads()).toBe(2);
  });

  it('is kept while another repository of the same host may need it', async () => {
    const { supply, send, reads } = setUp();
    const first = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
    await bytesOf(first.share);
    supply.arrive(describeBlob(A), 'a.io', []); // the second one of a.io waits for the first
    await send(A, 'b.io');
    first.release();
    const again = await supply.join(describeBlob(A));
    await bytesOf(again);
    expect(reads()).toBe(1);
  });

  it('is read again after the source has failed, from the source that is named then', async () => {
    const { registry, send, reads, spool } = setUp();
    registry.damageBlob(SOURCE, A.digest);
    const [first, second] = await Promise.allSettled([send(A, 'a.io', ['b.io']), send(A, 'b.io', ['a.io'])]);
    expect([first, second]).toMatchObject([
      { reason: { code: 'mismatch' } },
      { reason: { code: 'mismatch' } },
    ]);
    expect(reads()).toBe(1);
    await until(() => spool.kept === 0);
    await expect(send(A, 'a.io', ['b.io'])).rejects.toMatchObject({ code: 'mismatch' });
    expect(reads()).toBe(2);
  });

  it('is read from its own source by a host that waited for the failed read of another source', async () => {
    const { registry, supply } = setUp();
    const sibling = repository('b.io/s/app');
    registry.push(sibling, image({ seed: 'supply', layers: [A, B, SMALL] }));
    registry.lose(SOURCE, A.digest);
    const first = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
    const second = await hold(supply, describeBlob(A), ['b.io']);
    const failing = bytesOf(first.share);
    const bytes = second.share.open(sibling, NEVER);
    await expect(failing).rejects.toMatchObject({ status: 404 });
    expect((await readAll(await bytes)).equals(A.bytes)).toBe(true);
  });

  it('is read again after the source could not be asked', async () => {
    const { registry, send, reads, spool } = setUp();
    registry.fail({ verb: 'open-blob' }, { error: new RegistryError('unavailable', 'GET: 503'), times: 1 });
    await expect(send(A, 'a.io', ['b.io', 'c.io'])).rejects.toMatchObject({ code: 'unavailable' });
    await Promise.all([send(A, 'b.io'), send(A, 'c.io')]);
    expect(reads()).toBe(2);
    expect(spool.kept).toBe(0);
  });
});

describe('a small blob that several hosts want', () => {
  it('needs no spool, up to half a mebibyte', async () => {
    const half = layer('half', 512 * 1024);
    const { registry, spool, send, reads } = setUp({ limit: 0 });
    registry.push(SOURCE, image({ seed: 'half', layers: [half] }));
    await send(half, 'a.io', ['b.io']);
    await send(half, 'b.io');
    expect(reads()).toBe(1);
    expect(spool.created).toBe(0);
  });

  it('is read again once the memory was needed for others', async () => {
    const { registry, send, reads } = setUp();
    const many = Array.from({ length: 65 }, (_, number) => layer(`of 33 MiB ${number}`, 512 * 1024));
    registry.push(SOURCE, image({ seed: 'many', layers: many }));
    for (const blob of many) await send(blob, 'a.io', ['late.io']);
    for (const blob of many.slice(0, 2)) await send(blob, 'late.io');
    expect(reads()).toBe(66);
  });

  it('says what the source says when that cannot be asked', async () => {
    const { registry, send } = setUp();
    registry.fail({ verb: 'open-blob' }, { error: new RegistryError('unavailable', 'GET: 503') });
    await expect(send(SMALL, 'a.io', ['b.io'])).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a blob that is sent again to one who had it already', () => {
  it('is kept until it is sent, though nobody else wants it any more', async () => {
    const { supply, spool, reads } = setUp();
    const first = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
    await bytesOf(first.share);
    const again = await supply.join(describeBlob(A));
    first.release();
    supply.settle(describeBlob(A), 'b.io');
    expect(spool.kept).toBe(1);
    expect((await bytesOf(again)).equals(A.bytes)).toBe(true);
    again.leave();
    await until(() => spool.kept === 0);
    expect(reads()).toBe(1);
  });

  it('keeps its room until it is sent', async () => {
    const { supply, send, spool } = setUp({ limit: LARGE });
    await send(A, 'a.io', ['late.io', 'later.io']);
    const again = await supply.join(describeBlob(A));
    let isSent = false;
    const sent = send(B, 'b.io', ['c.io']).then(() => {
      isSent = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect({ isSent, kept: spool.kept }).toEqual({ isSent: false, kept: 1 });
    again.leave();
    await sent;
  });

  it('shares what another attempt is about to read', async () => {
    const { supply, reads } = setUp();
    const first = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
    supply.settle(describeBlob(A), 'b.io');
    const again = await supply.join(describeBlob(A));
    await Promise.all([bytesOf(first.share), bytesOf(again)]);
    expect(reads()).toBe(1);
    again.leave();
    first.release();
  });
});

it('a wait between attempts is waited for also where nobody shares the blob', async () => {
  const { supply } = setUp();
  let hasWaited = false;
  await supply.rest(describeBlob(A), async () => {
    hasWaited = true;
  });
  expect(hasWaited).toBe(true);
});

it('a blob whose size a manifest has wrong is not what the others wait for', async () => {
  const { supply, send, spool } = setUp();
  const wrong = { ...describeBlob(A), size: LARGE + 1 };
  const { share, release } = await hold(supply, wrong, ['a.io', 'b.io']);
  await share.open(SOURCE, NEVER);
  await Promise.all([send(A, 'a.io', ['b.io']), send(A, 'b.io', ['a.io'])]);
  expect(spool.created).toBe(2);
  release();
});

describe('a blob that one host wants', () => {
  it('goes straight there', async () => {
    const { spool, send } = setUp();
    await send(A, 'a.io');
    expect(spool.created).toBe(0);
  });

  it('goes straight there when the others are found to have it', async () => {
    const { supply, spool, send } = setUp();
    supply.arrive(describeBlob(A), 'b.io', ['a.io']);
    supply.settle(describeBlob(A), 'b.io');
    await send(A, 'a.io');
    expect(spool.created).toBe(0);
  });

  it('goes straight there for two repositories of it', async () => {
    const { supply, spool, send } = setUp();
    supply.arrive(describeBlob(A), 'a.io', []);
    await send(A, 'a.io');
    expect(spool.created).toBe(0);
  });

  it.each([A, SMALL])('goes straight there where its size is not known', async (blob) => {
    const { supply, spool, reads } = setUp();
    const unsized = { ...describeBlob(blob), size: -1 };
    const first = await hold(supply, unsized, ['a.io', 'b.io']);
    const second = await hold(supply, unsized, ['b.io', 'a.io']);
    for (const { share } of [first, second]) expect((await bytesOf(share)).equals(blob.bytes)).toBe(true);
    first.release();
    second.release();
    expect(spool.created).toBe(0);
    expect(reads()).toBe(2);
  });
});

describe('the room of the spool', () => {
  it('is never exceeded: a blob waits until another one has left', async () => {
    const { supply, spool } = setUp({ limit: LARGE });
    const first = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
    await bytesOf(first.share);
    let isIn = false;
    const second = hold(supply, describeBlob(B), ['a.io', 'b.io']).then((held) => {
      isIn = true;
      return held;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isIn).toBe(false);
    first.release();
    const { share, release } = await second;
    await bytesOf(share);
    release();
    expect(spool.peak).toBe(LARGE);
  });

  it('is taken from a blob that nobody is sending; who wants that later reads it again', async () => {
    const { send, spool, reads } = setUp({ limit: LARGE });
    await send(A, 'a.io', ['late.io', 'later.io']);
    expect(spool.kept).toBe(1);
    await Promise.all([send(B, 'a.io', ['b.io']), send(B, 'b.io', ['a.io'])]);
    expect(spool.kept).toBe(0);
    await Promise.all([send(A, 'late.io'), send(A, 'later.io')]);
    expect(reads()).toBe(3);
    expect(spool).toMatchObject({ kept: 0, peak: LARGE });
  });

  it('is not taken from a blob that a host is about to ask for, but from one whose hosts all wait', async () => {
    const { supply, send, spool, reads } = setUp({ limit: LARGE });
    supply.arrive(describeBlob(A), 'slow.io', ['a.io']);
    await send(A, 'a.io');
    let isSent = false;
    const sent = send(B, 'b.io', ['c.io']).then(() => {
      isSent = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect({ isSent, kept: spool.kept }).toEqual({ isSent: false, kept: 1 });
    await supply.rest(describeBlob(A), () => sent);
    await send(A, 'slow.io');
    expect(reads()).toBe(3);
  });

  it('is not taken from a blob whose host has waited and goes on', async () => {
    const { supply, send, spool } = setUp({ limit: LARGE });
    supply.arrive(describeBlob(A), 'slow.io', ['a.io']);
    await send(A, 'a.io');
    await supply.rest(describeBlob(A), () => Promise.resolve());
    const sent = send(B, 'b.io', ['c.io']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(spool).toMatchObject({ created: 1, kept: 1 });
    supply.settle(describeBlob(A), 'slow.io');
    await sent;
  });

  it('is not taken from a host with two repositories when one of them has the blob', async () => {
    const { supply, send, spool, reads } = setUp();
    const first = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
    supply.arrive(describeBlob(A), 'a.io', []);
    await send(A, 'b.io', ['a.io']);
    first.release();
    expect(spool.kept).toBe(1);
    await bytesOf(await supply.join(describeBlob(A)));
    expect(reads()).toBe(1);
  });

  it('leaves small blobs alone, which are in memory', async () => {
    const { registry, send } = setUp({ limit: LARGE });
    for (const blob of [SMALL, A, B]) await send(blob, 'a.io', ['late.io']);
    for (const blob of [SMALL, B]) await send(blob, 'late.io');
    expect(registry.count({ verb: 'open-blob', what: SMALL.digest })).toBe(1);
  });

  it('is not given back for what never had any', async () => {
    const [c, d] = [layer('c', 530 * 1024), layer('d', 530 * 1024)];
    const { registry, send, spool } = setUp({ limit: 550 * 1024 });
    registry.push(SOURCE, image({ seed: 'three', layers: [c, d] }));
    await send(A, 'a.io', ['b.io']);
    await send(A, 'b.io');
    await Promise.all([c, d].flatMap((blob) => [send(blob, 'a.io', ['b.io']), send(blob, 'b.io', ['a.io'])]));
    expect(spool.peak).toBe(530 * 1024);
  });

  it('does not hold up what is larger than all of it', async () => {
    const { send, spool, reads } = setUp({ limit: LARGE - 1 });
    await Promise.all([send(A, 'a.io', ['b.io']), send(A, 'b.io', ['a.io'])]);
    expect(reads()).toBe(2);
    expect(spool.created).toBe(0);
  });

  it('is what there is by now: who waits for more than that is sent without', async () => {
    const { supply, spool, send, reads } = setUp({ limit: LARGE });
    const first = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
    const waiting = [send(B, 'a.io', ['b.io']), send(B, 'b.io', ['a.io'])];
    await new Promise((resolve) => setImmediate(resolve));
    spool.limit = LARGE - 1;
    const small = layer('less than there is', LARGE - 2);
    supply.arrive(describeBlob(small), 'a.io', ['b.io']);
    void supply.join(describeBlob(small)); // it has the disk looked at once more
    await Promise.all(waiting);
    expect(reads()).toBe(2);
    first.release();
  });

  it('never stops the work of many blobs and hosts', async () => {
    const { send, spool, supply, registry } = setUp({ limit: LARGE });
    const hosts = Array.from({ length: 20 }, (_, number) => `h${number}.io`);
    const sent = await Promise.all(
      hosts.flatMap((host) => [send(A, host, hosts), send(B, host, hosts), send(SMALL, host, hosts)]),
    );
    expect(sent).toHaveLength(60);
    expect(spool.peak).toBe(LARGE);
    expect(registry.count({ verb: 'open-blob' })).toBe(3);
    await supply.close();
  });
});

describe('a disk that has room for one blob, but not for two', () => {
  it('takes one after the other: each is read once for all hosts', async () => {
    const { registry, reads } = setUp();
    const disk = new SmallDisk(1.5 * LARGE);
    const spool = await disk.spool();
    const { send } = suppliedBy(registry, spool);
    const hosts = ['a.io', 'b.io', 'c.io'];
    const sent = await Promise.all([A, B].flatMap((blob) => hosts.map((host) => send(blob, host, hosts))));
    expect(sent.map((bytes) => bytes.length)).toEqual(Array.from({ length: 6 }, () => LARGE));
    expect(reads()).toBe(2);
    expect(disk.lines).toEqual([]);
  });
});

describe('a spool that fails', () => {
  it('to take a blob leaves each host to read it', async () => {
    const { send, spool, reads } = setUp();
    spool.failOnce('create');
    await Promise.all([send(A, 'a.io', ['b.io']), send(A, 'b.io', ['a.io'])]);
    expect(reads()).toBe(2);
  });

  it('for a reason of its own is not gone round', async () => {
    const { registry } = setUp();
    const defect = new TypeError('a defect');
    const supply = new BlobFanOut({
      source: registry,
      spool: { capacityFor: async () => LARGE, create: () => Promise.reject(defect) },
    });
    const { share } = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
    await expect(share.open(SOURCE, NEVER)).rejects.toBe(defect);
  });

  it('in the middle of a blob says so to whoever reads it, and is tried again', async () => {
    const { send, spool, reads } = setUp();
    spool.failOnce('write');
    await expect(send(A, 'a.io', ['b.io', 'c.io'])).rejects.toBeInstanceOf(SpoolError);
    await Promise.all([send(A, 'b.io'), send(A, 'c.io')]);
    expect(reads()).toBe(2);
    expect(spool.kept).toBe(0);
  });
});

it('a reading that was given up does not spoil the next one when it ends at last', async () => {
  const { registry, spool } = setUp();
  let fail = (_error: Error) => {};
  const abandoned = new Promise<void>((_, reject) => {
    fail = reject;
  });
  const stuck = { write: () => abandoned, read: () => Readable.from([]), discard: () => Promise.resolve() };
  const files = [stuck];
  const supply = new BlobFanOut({
    source: registry,
    spool: {
      capacityFor: async () => LARGE,
      create: async (blob) => files.pop() ?? spool.create(blob),
    },
  });
  const first = await hold(supply, describeBlob(A), ['a.io', 'b.io', 'c.io']);
  await first.share.open(SOURCE, NEVER);
  first.release();
  const other = await hold(supply, describeBlob(B), ['a.io', 'b.io']); // takes its room
  other.release();
  supply.settle(describeBlob(B), 'b.io');
  const second = await hold(supply, describeBlob(A), ['b.io', 'c.io']);
  await bytesOf(second.share);
  fail(new SpoolError('closed', 'the spool: forgotten'));
  await new Promise((resolve) => setImmediate(resolve));
  const third = await hold(supply, describeBlob(A), ['c.io']);
  await bytesOf(third.share);
  expect(registry.count({ verb: 'open-blob', what: A.digest })).toBe(2);
});

it('after its end nothing is kept', async () => {
  const { send, spool, supply } = setUp();
  await send(A, 'a.io', ['never.io', 'comes.io']);
  expect(spool.kept).toBe(1);
  await supply.close();
  expect(spool.kept).toBe(0);
});

it('a stream that nobody reads breaks nothing', async () => {
  const { supply } = setUp();
  const { share, release } = await hold(supply, describeBlob(A), ['a.io', 'b.io']);
  const body = await share.open(SOURCE, NEVER);
  if (!(body instanceof Readable)) throw new Error('expected a stream');
  body.destroy();
  release();
  await supply.close();
});
