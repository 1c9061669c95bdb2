import { describe, expect, it } from 'vitest';
import { BlobCopier } from '../../../src/copy/blobs/blob-copier.ts';
import { BlobFanOut } from '../../../src/copy/blobs/blob-fan-out.ts';
import { UNKNOWN_SIZE } from '../../../src/image/oci-manifest.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { until } from '../../adapters/oci/client.ts';
import { image, layer } from '../../builders/images.ts';
import { repository } from '../../builders/manifests.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { MemoryRegistry, type MemoryRegistryOptions } from '../../doubles/memory-registry.ts';
import { MemorySpool } from '../../doubles/memory-spool.ts';

const SHARED = layer('shared');
const HOLDER = image({ seed: 'holder', layers: [SHARED] });
const BLOB = { mediaType: SHARED.mediaType, digest: SHARED.digest, size: SHARED.bytes.length };
const OLD = { hosts: new Set<string>(), isNew: false };
const NEW = { ...OLD, isNew: true };
const SOURCES = [repository('s.io/s/app')];
const NEVER = new AbortController().signal;
const FORBIDDEN = new RegistryError('unauthorized', 'POST: 403', { status: 403 });
const FLAKY = new RegistryError('unavailable', 'PUT: 503', { status: 503, temporary: true });

/** A source that has the blob, and a copier of it. */
function setUp(options: MemoryRegistryOptions & { transfers?: number } = {}) {
  const registry = new MemoryRegistry(options);
  registry.push('s.io/s/app', HOLDER);
  const clock = new FakeClock();
  const { transfers = 8 } = options;
  const spool = new MemorySpool();
  const copier = new BlobCopier({
    supply: new BlobFanOut({ source: registry, spool }),
    destination: registry,
    clock,
    transfers,
    stopping: NEVER,
  });
  const copy = (
    destination: string,
    sources: readonly string[] = ['s.io/s/app'],
    hosts: readonly string[] = [],
    blob = BLOB,
  ) =>
    copier.copy(
      {
        blob,
        destination: repository(destination),
        sources: sources.map(repository),
        hosts: new Set(hosts),
        isNew: false,
      },
      NEVER,
    );
  const verbs = () => registry.log().map((line) => line.replace(/ sha256:.*/, ''));
  return { registry, clock, spool, copier, copy, verbs };
}

describe('the ladder', () => {
  it('transfers what the host has not got', async () => {
    const { copy, verbs } = setUp();
    expect(await copy('p.io/p/a')).toBe('transferred');
    expect(verbs()).toEqual([
      'has-blob p.io/p/a',
      'open-blob s.io/s/app',
      'start p.io/p/a',
      'finish p.io/p/a',
    ]);
  });

  it('sends a small blob to a new repository without asking, and asks for a large one', async () => {
    const { registry, copier, verbs } = setUp();
    const task = { destination: repository('p.io/p/new'), sources: [repository('s.io/s/app')], ...NEW };
    expect(await copier.copy({ ...task, blob: BLOB }, NEVER)).toBe('transferred');
    expect(verbs()).toEqual(['open-blob s.io/s/app', 'start p.io/p/new', 'finish p.io/p/new']);
    registry.calls.length = 0;
    for (const [host, size, first] of [
      ['a.io', 64 * 1024, 'open-blob s.io/s/app'],
      ['e.io', 64 * 1024 + 1, 'start e.io/p/new'],
      ['b.io', 512 * 1024, 'start b.io/p/new'],
      ['c.io', 512 * 1024 + 1, 'has-blob c.io/p/new'],
      ['d.io', UNKNOWN_SIZE, 'has-blob d.io/p/new'],
    ] as const) {
      registry.calls.length = 0;
      const destination = repository(`${host}/p/new`);
      await copier.copy({ ...task, destination, blob: { ...BLOB, size } }, NEVER);
      expect(verbs()[0]).toBe(first);
    }
  });

  it('leaves what is there', async () => {
    const { registry, copy, verbs } = setUp();
    registry.push('p.io/p/a', HOLDER);
    expect(await copy('p.io/p/a')).toBe('exists');
    expect(verbs()).toEqual(['has-blob p.io/p/a']);
  });

  it.each([
    ['unauthorized', 403],
    ['unauthorized', 401],
    ['refused', 405],
  ] as const)('transfers where the destination does not say what it has: %s %i', async (code, status) => {
    const { registry, copy, verbs } = setUp();
    registry.fail({ verb: 'has-blob' }, { error: new RegistryError(code, 'HEAD', { status }) });
    expect(await copy('p.io/p/a')).toBe('transferred');
    expect(verbs()).toEqual([
      'has-blob p.io/p/a',
      'open-blob s.io/s/app',
      'start p.io/p/a',
      'finish p.io/p/a',
    ]);
  });

  it.each([
    ['unavailable', 503, true],
    ['unreachable', undefined, false],
  ] as const)(
    'does not transfer where the destination does not answer: %s',
    async (code, status, temporary) => {
      const { registry, copy, verbs } = setUp();
      const error = new RegistryError(code, 'HEAD', { temporary, ...(status && { status }) });
      registry.fail({ verb: 'has-blob' }, { error });
      await expect(copy('p.io/p/a')).rejects.toBe(error);
      expect(verbs()).toEqual(['has-blob p.io/p/a']);
    },
  );

  it('sends again what is there with another size: it has been cut', async () => {
    const { registry, copy, verbs } = setUp();
    const cut = { ...SHARED, bytes: SHARED.bytes.subarray(1) };
    registry.push('p.io/p/a', image({ seed: 'cut', layers: [cut] }));
    expect(await copy('p.io/p/a')).toBe('transferred');
    expect(verbs()[0]).toBe('has-blob p.io/p/a');
    const whole = await registry.hasBlob(repository('p.io/p/a'), BLOB, NEVER);
    expect(whole).toBe(true);
  });

  it('mounts from the source where that is on the same host, without looking first', async () => {
    const { registry, copy, verbs } = setUp();
    registry.push('p.io/staging/app', HOLDER);
    expect(await copy('p.io/p/a', ['s.io/s/app', 'p.io/staging/app'])).toBe('mounted');
    expect(verbs()).toEqual(['mount p.io/p/a']);
  });

  it('mounts into the second repository of a host from the first', async () => {
    const { copy, verbs } = setUp();
    await copy('p.io/p/a');
    expect(await copy('p.io/p/b')).toBe('mounted');
    expect(verbs().slice(-1)).toEqual(['mount p.io/p/b']);
  });

  it('lets all repositories of a host wait for the first one, so that every byte moves once', async () => {
    const { registry, copy } = setUp();
    const rungs = await Promise.all(
      ['p.io/p/a', 'p.io/p/b', 'p.io/p/c', 'q.io/p/a'].map((name) => copy(name)),
    );
    expect(rungs).toEqual(['transferred', 'mounted', 'mounted', 'transferred']);
    expect(registry.count({ verb: 'open-blob' })).toBe(1);
    expect(registry.count({ verb: 'has-blob' })).toBe(2);
  });

  it('is climbed once for a repository, however often it is asked for', async () => {
    const { registry, copy } = setUp();
    await Promise.all([copy('p.io/p/a'), copy('p.io/p/a')]);
    await copy('p.io/p/a');
    expect(registry.count({ verb: 'finish' })).toBe(1);
  });

  it('lets the second try for itself where the first has failed', async () => {
    const { registry, copy, verbs } = setUp();
    registry.fail({ verb: 'start', repository: repository('p.io/p/a') });
    const [first, second] = await Promise.allSettled([copy('p.io/p/a'), copy('p.io/p/b')]);
    expect(first?.status).toBe('rejected');
    expect(second).toEqual({ status: 'fulfilled', value: 'transferred' });
    expect(verbs().slice(3)).toEqual([
      'has-blob p.io/p/b',
      'open-blob s.io/s/app',
      'start p.io/p/b',
      'finish p.io/p/b',
    ]);
  });

  it('is climbed again for what a registry denies having: that may be there by now', async () => {
    const { copier, registry } = setUp();
    const task = { ...OLD, blob: BLOB, destination: repository('p.io/p/a'), sources: SOURCES };
    expect(await copier.copyAgain(task, NEVER)).toBe('transferred');
    expect(await copier.copyAgain(task, NEVER)).toBe('exists');
    expect(registry.count({ verb: 'start' })).toBe(1);
  });

  it('has nothing to do where source and destination are one', async () => {
    const { copy, verbs } = setUp();
    expect(await copy('s.io/s/app')).toBe('exists');
    expect(verbs()).toEqual([]);
  });
});

describe('a mount that is not honoured', () => {
  it('is looked into, and the blob sent into the upload that it has opened', async () => {
    const { registry, copy, verbs } = setUp({ mounts: 'refused' });
    registry.push('p.io/staging/app', HOLDER);
    expect(await copy('p.io/p/a', ['p.io/staging/app'])).toBe('transferred');
    expect(verbs()).toEqual([
      'mount p.io/p/a',
      'has-blob p.io/p/a',
      'open-blob p.io/staging/app',
      'finish p.io/p/a',
    ]);
  });

  it('may be of a blob that is there: then the upload is cancelled', async () => {
    const { registry, copy, verbs } = setUp({ mounts: 'refused' });
    registry.push('p.io/p/a', HOLDER);
    expect(await copy('p.io/p/a', ['p.io/staging/app'])).toBe('exists');
    expect(verbs()).toEqual(['mount p.io/p/a', 'has-blob p.io/p/a', 'cancel p.io/p/a']);
    expect(registry.openUploads).toBe(0);
  });

  it('is not asked for any more after a few on that host', async () => {
    const { registry, copy } = setUp({ mounts: 'refused' });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await copy(`p.io/p/${name}`);
    expect(registry.count({ verb: 'mount' })).toBe(3);
    expect(registry.count({ verb: 'finish' })).toBe(6);
    registry.push('p.io/p/known', HOLDER);
    expect(await copy('p.io/p/known')).toBe('exists');
  });

  it('may be refused outright, for want of rights on the other repository: then it is sent', async () => {
    const { registry, copy, verbs } = setUp();
    registry.push('p.io/staging/app', HOLDER);
    registry.fail({ verb: 'mount' }, { error: FORBIDDEN });
    expect(await copy('p.io/p/a', ['p.io/staging/app'])).toBe('transferred');
    expect(verbs()).toEqual([
      'mount p.io/p/a',
      'has-blob p.io/p/a',
      'open-blob p.io/staging/app',
      'start p.io/p/a',
      'finish p.io/p/a',
    ]);
  });

  it.each([new RegistryError('unreachable', 'POST: ECONNRESET'), new TypeError('a defect')])(
    'fails where no answer came: %s',
    async (error) => {
      const { registry, copy, verbs } = setUp();
      registry.push('p.io/staging/app', HOLDER);
      registry.fail({ verb: 'mount' }, { error });
      await expect(copy('p.io/p/a', ['p.io/staging/app'])).rejects.toBe(error);
      expect(verbs()).toEqual(['mount p.io/p/a']);
    },
  );
});

describe('a blob bound for several hosts', () => {
  const HOSTS = Array.from({ length: 22 }, (_, number) => `h${number}.io`);

  it('is read once, uploaded once for every host and mounted there for its other repositories', async () => {
    const { registry, copy } = setUp({ transfers: 4 });
    const destinations = HOSTS.flatMap((host) => [`${host}/p/a`, `${host}/p/b`]);
    const rungs = await Promise.all(destinations.map((name) => copy(name, undefined, HOSTS)));
    expect(rungs.filter((rung) => rung === 'transferred')).toHaveLength(22);
    expect(rungs.filter((rung) => rung === 'mounted')).toHaveLength(22);
    expect(registry.count({ verb: 'open-blob' })).toBe(1);
    expect(registry.count({ verb: 'finish' })).toBe(22);
    expect(registry.count({ verb: 'mount' })).toBe(22);
  });

  it('is kept for a host that comes late, also where another one had it already', async () => {
    const { registry, copy } = setUp();
    registry.push('has.io/p/a', HOLDER);
    const hosts = ['first.io', 'has.io', 'late.io'];
    for (const host of hosts) await copy(`${host}/p/a`, undefined, hosts);
    expect(registry.count({ verb: 'open-blob' })).toBe(1);
    expect(registry.count({ verb: 'finish' })).toBe(2);
  });

  it('is kept for those only that have not begun, and until the last of them has it', async () => {
    const { registry, spool, copy } = setUp();
    const large = layer('bound for several hosts', 600 * 1024);
    registry.push('s.io/s/app', image({ seed: 'large holder', layers: [large] }));
    const blob = { mediaType: large.mediaType, digest: large.digest, size: large.bytes.length };
    const hosts = ['p.io', 'q.io'];
    const copyTo = (destination: string) => copy(destination, undefined, hosts, blob);
    await copyTo('p.io/p/a');
    expect(spool.kept).toBe(1);
    await copyTo('q.io/p/a');
    await until(() => spool.kept === 0);
    expect(registry.count({ verb: 'open-blob' })).toBe(1);
  });

  it('stays readable for the second repository of a host when the first has failed', async () => {
    const { registry, copy } = setUp();
    registry.fail({ verb: 'finish', repository: repository('p.io/p/a') });
    const copies = ['p.io/p/a', 'p.io/p/b', 'q.io/p/a'].map((name) =>
      copy(name, undefined, ['p.io', 'q.io']),
    );
    const results = await Promise.allSettled(copies);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(registry.count({ verb: 'open-blob' })).toBe(1);
  });
});

describe('a host that honours a mount without a source', () => {
  it('is not asked whether a blob is there any more', async () => {
    const { registry, copier, verbs } = setUp({ anonymousMounts: 'honoured' });
    const [near, far] = [layer('near', 65 * 1024), layer('far', 100)];
    registry.push('p.io/old/app', image({ seed: 'old', layers: [near] }));
    registry.push('s.io/s/app', image({ seed: 'new', layers: [near, far] }));
    const rungs = [];
    for (const { digest, mediaType, bytes } of [near, far]) {
      const blob = { digest, mediaType, size: bytes.length };
      const task = { blob, destination: repository('p.io/p/a'), sources: [repository('s.io/s/app')] };
      rungs.push(await copier.copy({ ...task, ...OLD }, NEVER));
    }
    expect(rungs).toEqual(['mounted', 'transferred']);
    expect(verbs()).toEqual([
      'has-blob p.io/p/a',
      'start p.io/p/a',
      'start p.io/p/a',
      'open-blob s.io/s/app',
      'finish p.io/p/a',
    ]);
  });
});

describe('an upload that is interrupted', () => {
  const LARGE = layer('interrupted', 600 * 1024);
  const LARGE_BLOB = { mediaType: LARGE.mediaType, digest: LARGE.digest, size: LARGE.bytes.length };

  async function interrupted(blob: typeof BLOB, options: MemoryRegistryOptions = {}) {
    const { registry, copier, verbs } = setUp(options);
    registry.push('s.io/s/app', image({ seed: 'large', layers: [LARGE] }));
    registry.cutUpload('p.io/p/a', 1000);
    const task = { blob, destination: repository('p.io/p/a'), sources: [repository('s.io/s/app')], ...OLD };
    expect(await copier.copy(task, NEVER)).toBe('transferred');
    expect(registry.openUploads).toBe(0);
    return verbs().map((verb) => verb.split(' ', 1)[0]);
  }

  it('goes on in the same upload', async () => {
    expect(await interrupted(LARGE_BLOB)).toEqual([
      'has-blob',
      'start',
      'open-blob',
      'has-blob',
      'resume',
      'open-blob',
      'finish',
    ]);
  });

  it('begins anew where the registry has kept nothing of it', async () => {
    expect((await interrupted(LARGE_BLOB, { interrupted: 'lost' })).slice(4)).toEqual([
      'resume',
      'cancel',
      'start',
      'open-blob',
      'finish',
    ]);
  });

  it('begins anew without a question where the blob is small', async () => {
    expect((await interrupted(BLOB)).slice(3)).toEqual([
      'cancel',
      'has-blob',
      'start',
      'open-blob',
      'finish',
    ]);
  });
});

describe('a transfer that fails', () => {
  it('is begun again from the next source, after a while', async () => {
    const { registry, clock, copy } = setUp();
    registry.push('s.io/t/app', HOLDER);
    registry.damageBlob('s.io/s/app', BLOB.digest);
    expect(await copy('p.io/p/a', ['s.io/s/app', 's.io/t/app'])).toBe('transferred');
    expect(registry.log({ verb: 'open-blob' })).toEqual([
      `open-blob s.io/s/app ${BLOB.digest}`,
      `open-blob s.io/t/app ${BLOB.digest}`,
    ]);
    expect(clock.waits).toEqual([750]);
    expect(registry.openUploads).toBe(0);
  });

  it('is given up after five times, with what the last one threw', async () => {
    const { registry, clock, copy } = setUp();
    registry.damageBlob('s.io/s/app', BLOB.digest);
    await expect(copy('p.io/p/a')).rejects.toMatchObject({ code: 'mismatch' });
    expect(clock.waits).toEqual([750, 1500, 3000, 3000]);
    expect(registry.count({ verb: 'open-blob' })).toBe(5);
    expect(registry.openUploads).toBe(0);
  });

  it('is waited for where it was refused for want of quota, as long as patience lasts and no longer', async () => {
    const { registry, clock, copy } = setUp();
    const quota = new RegistryError('unavailable', 'PUT: 429', { status: 429, retryAfterMs: 7000 });
    registry.fail({ verb: 'finish' }, { error: quota, times: 50 });
    expect(await copy('p.io/p/a')).toBe('transferred');
    expect(clock.waits).toHaveLength(50);
    registry.fail({ verb: 'finish' }, { error: quota, times: Infinity });
    clock.waits.length = 0;
    await expect(copy('q.io/p/a')).rejects.toThrow('429');
    expect(clock.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThanOrEqual(10 * 60_000);
  });

  it('is not begun again where the source has none to send, and there is no other', async () => {
    const { registry, copy } = setUp();
    registry.fail({ verb: 'open-blob' }, { error: FLAKY }); // as the transport gives it up
    await expect(copy('p.io/p/a')).rejects.toThrow('503');
    expect(registry.count({ verb: 'start' })).toBe(0);
  });

  it('goes through all sources in their order', async () => {
    const { registry, copy } = setUp();
    const sources = ['s.io/1/app', 's.io/2/app', 's.io/s/app'];
    expect(await copy('p.io/p/a', sources)).toBe('transferred');
    expect(registry.log({ verb: 'open-blob' })).toEqual(
      sources.map((source) => `open-blob ${source} ${BLOB.digest}`),
    );
  });

  it.each([403, 405])('is not begun again without the right to: %i', async (status) => {
    const { registry, copy } = setUp();
    const error = new RegistryError('unauthorized', `POST: ${status}`, { status });
    registry.fail({ verb: 'start' }, { error });
    await expect(copy('p.io/p/a')).rejects.toBe(error);
    expect(registry.count({ verb: 'start' })).toBe(1);
  });

  it('after all was sent may have succeeded', async () => {
    const { registry, copy } = setUp();
    registry.atCall(({ verb }) => {
      if (verb !== 'finish') return undefined;
      registry.push('p.io/p/a', HOLDER);
      return FLAKY;
    });
    expect(await copy('p.io/p/a')).toBe('transferred');
    expect(registry.count({ verb: 'finish' })).toBe(1);
  });

  it('is tried again by whoever asks later', async () => {
    const { registry, copy } = setUp();
    registry.fail({ verb: 'start' }, { error: FLAKY, times: 1 }); // as the transport gives it up
    await expect(copy('p.io/p/a')).rejects.toThrow('503');
    expect(await copy('p.io/p/a')).toBe('transferred');
  });

  it('ends with the reason of the signal, and cancels nothing with a dead signal', async () => {
    const { registry, copier } = setUp();
    const killed = new AbortController();
    registry.atCall(({ verb }) => verb === 'open-blob' && killed.abort(new Error('killed')));
    const task = {
      blob: BLOB,
      destination: repository('p.io/p/a'),
      sources: [repository('s.io/s/app')],
      ...OLD,
    };
    await expect(copier.copy(task, killed.signal)).rejects.toThrow('killed');
    expect(registry.count({ verb: 'cancel' })).toBe(0);
  });
});

it.each([
  ['one host', 1, 2],
  ['each of three', 3, 6],
])('no more blobs are in transfer to %s at a time than are let', async (_, hosts, expected) => {
  let open = 0;
  let peak = 0;
  const { registry, copier } = setUp({
    transfers: 2,
    pace: () => new Promise((resolve) => setImmediate(resolve)),
  });
  const many = image({ seed: 'many', layers: 9 });
  registry.push('s.io/s/many', many);
  registry.atCall(({ verb }) => {
    if (verb === 'start') open += 1;
    if (verb === 'finish') open -= 1;
    peak = Math.max(peak, open);
  });
  const tasks = many.blobs.map(({ mediaType, digest, bytes }, number) => ({
    blob: { mediaType, digest, size: bytes.length },
    destination: repository(`h${number % hosts}.io/p/a`),
    sources: [repository('s.io/s/many')],
    ...OLD,
  }));
  await Promise.all(tasks.map((task) => copier.copy(task, NEVER)));
  expect({ peak, open }).toEqual({ peak: expected, open: 0 });
});
