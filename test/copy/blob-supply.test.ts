import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BlobSupply, type Share } from '../../src/copy/blob-supply.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { SpoolError } from '../../src/ports/spool.ts';
import { readAll, until } from '../adapters/oci/client.ts';
import { type Blob, image, layer } from '../builders/images.ts';
import { repository } from '../builders/manifests.ts';
import { describeBlob } from '../contract/push-through-port.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { MemorySpool } from '../doubles/memory-spool.ts';

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
  const supply = new BlobSupply({ source: registry, spool });
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
  return { registry, spool, supply, send, reads: () => registry.count({ verb: 'open-blob' }) };
}

async function bytesOf(share: Share): Promise<Buffer> {
  return readAll(await share.open(SOURCE, NEVER));
}

/** Begins an attempt that ends when the test says so. */
async function hold(supply: BlobSupply, blob: Descriptor, hosts: readonly [string, ...string[]]) {
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

  it('is read again after the source could not be asked', async () => {
    const { registry, send, reads, spool } = setUp();
    registry.fail({ verb: 'open-blob' }, { error: new RegistryError('unavailable', 'GET: 503'), times: 1 });
    await expect(send(A, 'a.io', ['b.io', 'c.io'])).rejects.toMatchObject({ code: 'unavailable' });
    await Promise.all([send(A, 'b.io'), send(A, 'c.io')]);
    expect(reads()).toBe(2);
    expect(spool.kept).toBe(0);
  });
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

  it('goes straight there where its size is not known', async () => {
    const { supply, spool } = setUp();
    const unsized = { ...describeBlob(A), size: -1 };
    const { share, release } = await hold(supply, unsized, ['a.io', 'b.io']);
    expect((await bytesOf(share)).equals(A.bytes)).toBe(true);
    release();
    expect(spool.created).toBe(0);
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

  it('does not hold up what is larger than all of it', async () => {
    const { send, spool, reads } = setUp({ limit: LARGE - 1 });
    await Promise.all([send(A, 'a.io', ['b.io']), send(A, 'b.io', ['a.io'])]);
    expect(reads()).toBe(2);
    expect(spool.created).toBe(0);
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

describe('a spool that fails', () => {
  it('to take a blob leaves each host to read it', async () => {
    const { send, spool, reads } = setUp();
    spool.failOnce('create');
    await Promise.all([send(A, 'a.io', ['b.io']), send(A, 'b.io', ['a.io'])]);
    expect(reads()).toBe(2);
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
