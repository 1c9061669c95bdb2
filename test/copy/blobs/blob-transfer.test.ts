// Covers src/copy/blobs/transfer-failures.ts
import { describe, expect, it } from 'vitest';
import { BlobFanOut } from '../../../src/copy/blobs/blob-fan-out.ts';
import { BlobTransfer } from '../../../src/copy/blobs/blob-transfer.ts';
import { UploadOpener } from '../../../src/copy/blobs/upload-opener.ts';
import type { UploadSession } from '../../../src/ports/registry.ts';
import { RegistryError, type RegistryErrorCode } from '../../../src/ports/registry-error.ts';
import { until } from '../../adapters/oci/client.ts';
import { type Blob, image, layer } from '../../builders/images.ts';
import { repository } from '../../builders/manifests.ts';
import { describeBlob } from '../../system/contract/push-through-port.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { MemorySpool } from '../../doubles/memory-spool.ts';

const MIB = 1024 * 1024;
const LARGE = layer('transfer large', 600 * 1024);
const HUGE = layer('transfer huge', 8 * MIB);
const DESTINATION = 'p.io/p/a';
const SOURCES = ['s.io/1/app', 's.io/2/app'];
const FLAKY = new RegistryError('unavailable', 'PUT: 503', { status: 503, temporary: true });
const ALL_WAITS = [750, 1500, 3000, 3000];
const NEVER = new AbortController().signal;

function setUp({ registry = new MemoryRegistry() } = {}) {
  for (const source of SOURCES) registry.push(source, image({ seed: 'transfer', layers: [LARGE, HUGE] }));
  const clock = new FakeClock();
  const spool = new MemorySpool();
  const supply = new BlobFanOut({ source: registry, spool });
  const uploads = new UploadOpener(registry);
  const ports = { supply, destination: registry, uploads, clock, transfers: 1, stopping: NEVER };
  const transfer = new BlobTransfer(ports);
  /** Sends a blob, from the first source unless others are named. */
  const send = (blob: Blob, sources: readonly string[] = SOURCES.slice(0, 1)) => {
    const task = {
      blob: describeBlob(blob),
      destination: repository(DESTINATION),
      sources: sources.map(repository),
    };
    return transfer.run(task, { signal: NEVER, opened: undefined });
  };
  const verbs = () => registry.calls.map(({ verb }) => verb);
  return { registry, clock, spool, supply, send, verbs };
}

/** A registry that says it has other parts of an upload than it has. */
class Boaster extends MemoryRegistry {
  readonly #received: number;

  constructor(received: number) {
    super();
    this.#received = received;
  }

  override async resumeUpload(session: UploadSession): Promise<UploadSession> {
    return { ...session, received: this.#received };
  }
}

describe('an upload that failed', () => {
  it('is tried again where the destination does not say whether it has the blob', async () => {
    const { registry, send, verbs } = setUp();
    registry.fail({ verb: 'finish' }, { error: FLAKY, times: 1 });
    registry.fail(
      { verb: 'has-blob' },
      { error: new RegistryError('unauthorized', 'HEAD', { status: 403 }) },
    );
    expect(await send(LARGE)).toBe('transferred');
    expect(verbs()).toEqual(expect.arrayContaining(['finish', 'has-blob', 'finish']));
  });

  it.each([
    ['a registry, which means it', false, 1],
    ['storage, whose URL may have run out', true, 2],
  ])('by 403 of %s', async (_who, isForeign, starts) => {
    const { registry, send } = setUp();
    const error = new RegistryError(isForeign ? 'refused' : 'unauthorized', 'PUT', {
      status: 403,
      isForeign,
    });
    registry.fail({ verb: 'finish' }, { error, times: 1 });
    await send(LARGE).catch(() => {});
    expect(registry.count({ verb: 'start' })).toBe(starts);
  });
});

describe('an upload that breaks off again and again', () => {
  it('is gone on with for as long as a mebibyte comes through each time', async () => {
    const { registry, clock, send } = setUp();
    for (let mebibytes = 1; mebibytes < 8; mebibytes++) registry.cutUpload(DESTINATION, mebibytes * MIB);
    expect(await send(HUGE)).toBe('transferred');
    expect(clock.waits).toEqual(Array.from({ length: 7 }, () => 750));
    expect(registry.count({ verb: 'start' })).toBe(1);
  });

  it.each([
    ['less than that comes through', 0],
    ['that has come through once, and no more', 2 * MIB],
  ])('is given up after five times where %s', async (_what, begin) => {
    const { registry, clock, send } = setUp();
    if (begin > 0) registry.cutUpload(DESTINATION, begin);
    for (let time = 1; time <= 5; time++) registry.cutUpload(DESTINATION, begin + time * 1000);
    await expect(send(HUGE)).rejects.toThrow('ECONNRESET');
    expect(clock.waits).toEqual(begin > 0 ? [750, ...ALL_WAITS] : ALL_WAITS);
    expect(registry.openUploads).toBe(0);
  });
});

describe('an upload that broke off', () => {
  it('is finished, not begun anew, where all of it had come', async () => {
    const { registry, send, verbs } = setUp();
    registry.cutUpload(DESTINATION, LARGE.bytes.length);
    expect(await send(LARGE)).toBe('transferred');
    expect(verbs()).toEqual(['start', 'open-blob', 'has-blob', 'resume', 'open-blob', 'finish']);
  });

  it('is begun anew where the registry says that more has come than there is', async () => {
    const { registry, send, verbs } = setUp({ registry: new Boaster(LARGE.bytes.length + 1) });
    registry.cutUpload(DESTINATION, 1000);
    expect(await send(LARGE)).toBe('transferred');
    expect(verbs()).toEqual(['start', 'open-blob', 'has-blob', 'cancel', 'start', 'open-blob', 'finish']);
  });

  it('is not asked for where it has no more than half a mebibyte', async () => {
    const half = layer('transfer half', MIB / 2);
    const { registry, send, verbs } = setUp();
    registry.push('s.io/1/app', image({ seed: 'half', layers: [half] }));
    registry.cutUpload(DESTINATION, 1000);
    expect(await send(half)).toBe('transferred');
    expect(verbs()).not.toContain('resume');
  });

  it.each<[RegistryErrorCode, 'goes on' | 'is begun anew']>([
    ['unreachable', 'goes on'],
    ['unavailable', 'goes on'],
    ['unauthorized', 'goes on'],
    ['refused', 'is begun anew'],
    ['mismatch', 'is begun anew'],
    ['unexpected', 'is begun anew'],
  ])('by what is %s %s', async (code, expected) => {
    const { registry, send } = setUp();
    registry.fail(
      { verb: 'finish' },
      { error: new RegistryError(code, 'PUT', { temporary: true }), times: 1 },
    );
    expect(await send(LARGE)).toBe('transferred');
    expect(registry.count({ verb: 'resume' })).toBe(expected === 'goes on' ? 1 : 0);
  });

  it('is cancelled when it has failed for good', async () => {
    const { registry, clock, send } = setUp();
    registry.fail({ verb: 'finish' }, { error: FLAKY });
    await expect(send(LARGE)).rejects.toBe(FLAKY);
    expect(clock.waits).toEqual(ALL_WAITS);
    expect(registry.openUploads).toBe(0);
  });
});

describe('a transfer is not tried again', () => {
  it.each([
    ['without the right to', new RegistryError('unauthorized', 'PUT: 403', { status: 403 })],
    ['where uploads are not done', new RegistryError('refused', 'PUT: 405', { status: 405 })],
    ['after a defect', new TypeError('a defect')],
  ])('%s', async (_why, error) => {
    const { registry, clock, send } = setUp();
    registry.fail({ verb: 'finish' }, { error });
    await expect(send(LARGE, SOURCES)).rejects.toBe(error);
    expect(clock.waits).toEqual([]);
  });

  it('where there is no source, and nothing is opened', async () => {
    const { registry, send } = setUp();
    await expect(send(LARGE, [])).rejects.toMatchObject({
      code: 'missing',
      message: `blob ${LARGE.digest} has no source`,
    });
    expect(registry.calls).toEqual([]);
  });

  it('from a source that was asked for the rest of the blob as often as makes sense', async () => {
    const { registry, clock, send } = setUp();
    const error = new RegistryError('unreachable', 'GET: ECONNRESET', { temporary: false });
    registry.fail({ verb: 'finish' }, { error });
    await expect(send(LARGE, SOURCES)).rejects.toBe(error);
    expect(registry.log({ verb: 'open-blob' })).toEqual(
      SOURCES.map((source) => `open-blob ${source} ${LARGE.digest}`),
    );
    expect(clock.waits).toEqual([750]);
  });
});

describe('a blob that several hosts want', () => {
  it('does without the spool once that could not keep it, in the upload that was opened', async () => {
    const { spool, supply, clock, send, verbs } = setUp();
    for (let time = 0; time < 2; time++) spool.failOnce('write');
    supply.arrive(describeBlob(LARGE), 'p.io', ['q.io']);
    expect(await send(LARGE)).toBe('transferred');
    expect(clock.waits).toEqual([750]);
    expect(verbs().slice(0, 4)).toEqual(['start', 'open-blob', 'has-blob', 'resume']);
    expect(spool.created).toBe(1);
  });

  it('does without the spool once that has given other bytes back', async () => {
    const { registry, spool, supply, clock, send } = setUp();
    spool.damage();
    for (const host of ['p.io', 'q.io']) supply.arrive(describeBlob(LARGE), host, ['p.io', 'q.io']);
    expect(await send(LARGE)).toBe('transferred');
    expect(clock.waits).toEqual([750]);
    expect(registry.count({ verb: 'open-blob' })).toBe(2);
    for (const host of ['p.io', 'q.io']) supply.settle(describeBlob(LARGE), host);
    await until(() => spool.kept === 0);
  });

  it('is not kept for one that has it, or has failed to get it', async () => {
    const { registry, spool, supply, send } = setUp();
    for (const host of ['p.io', 'q.io']) supply.arrive(describeBlob(LARGE), host, ['p.io', 'q.io']);
    await send(LARGE);
    supply.settle(describeBlob(LARGE), 'p.io');
    expect(spool.kept).toBe(1);
    registry.fail({ verb: 'finish' }, { error: new TypeError('a defect') });
    await expect(send(LARGE)).rejects.toThrow('a defect');
    supply.settle(describeBlob(LARGE), 'q.io');
    await until(() => spool.kept === 0);
  });
});
