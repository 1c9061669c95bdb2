import { setMaxListeners } from 'node:events';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { createRegistryOver } from '../../src/adapters/oci/oci-registry.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { RequestKind } from '../../src/embedded-registry/server/request-log.ts';
import { createWire } from '../../src/http/wire.ts';
import { promote } from '../../src/promote.ts';
import { keychainWith, quiet } from '../adapters/oci/client.ts';
import { image, layer, push } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { arrivedAt, counted } from '../doubles/activity.ts';
import { MemorySpool } from '../doubles/memory-spool.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';
import { SettledTime } from '../doubles/settled-time.ts';
import { embedded } from './staging.ts';

/** More blobs than are in transfer at a time, all hosts together. */
const IMAGES = 60;
const THREADS = 50;
const MINUTE = 60_000;

/** Promotes images to two hosts, one of which never answers requests of a kind, in virtual time. */
async function promoteBeside(mute: RequestKind | undefined) {
  const activity = { events: 0 };
  const hosts: EmbeddedRegistry[] = [];
  const time = new SettledTime({
    activity: () => activity.events + hosts.reduce((sum, host) => sum + arrivedAt(host), 0),
    stalled: () => hosts.some(({ stalled }) => stalled > 0),
  });
  const start = async () => {
    const host = await embedded({ now: () => time.wallTime() });
    hosts.push(host);
    return host;
  };
  const [source, good, bad] = [await start(), await start(), await start()];
  const images = Array.from({ length: IMAGES }, (_, number) => {
    const size = number % 2 === 0 ? 600 * 1024 : 1000;
    return [
      `app-${number}`,
      push(
        source,
        `from/app-${number}`,
        image({ seed: `mute ${number}`, layers: [layer(`mute ${number}`, size)] }),
      ),
    ] as const;
  });
  bad.addFault({
    ...(mute === undefined ? {} : { kind: mute }),
    times: Number.POSITIVE_INFINITY,
    act: { kind: 'stall' },
  });
  const wire = createWire({ originOf: (host) => `http://${host}`, startTimer: time.startTimer });
  onTestFinished(() => wire.close());
  const client = createRegistryOver(
    { send: counted(wire.send, activity), close: () => Promise.resolve() },
    {
      keychain: keychainWith({ kind: 'anonymous' }),
      clock: time,
      plainHttp: [],
      threads: THREADS,
      userAgent: 'cip/test',
    },
  );
  const begun = time.monotonic();
  let goodAt = Number.POSITIVE_INFINITY;
  const manifest = from(`${source.host}/from`)
    .to(`${good.host}/to`, `${bad.host}/to`)
    .promote(Object.fromEntries(images.map(([name, digest]) => [name, { [digest]: ['v1'] }])));
  const registry = {
    ...client.registry,
    putManifest: async (...args: Parameters<typeof client.registry.putManifest>) => {
      const written = await client.registry.putManifest(...args);
      if (args[0].startsWith(good.host)) goodAt = time.monotonic() - begun;
      return written;
    },
  };
  const report = await time.until(
    promote(
      {
        read: {
          manifests: [manifest],
          problems: [],
          counts: { projects: 1, images: IMAGES, digests: IMAGES },
        },
        confirm: true,
        reportAll: false,
        threads: THREADS,
      },
      {
        registry,
        destination: registry,
        traffic: client.traffic,
        spool: new MemorySpool(),
        clock: time,
        progress: new RecordingProgress(),
        stopping: quiet(),
        signal: quiet(),
      },
    ),
  );
  return { report, good, bad, goodMinutes: goodAt / MINUTE, minutes: (time.monotonic() - begun) / MINUTE };
}

beforeAll(() => setMaxListeners(Number.POSITIVE_INFINITY)); // as the program does: every request listens to its signals

// a limit of five minutes for an answer, five attempts where requests are repeated, and then the host is known
it.each<[RequestKind, number]>([
  ['upload-put', 11],
  ['upload-start', 61],
  ['manifest-put', 51],
])(
  'a host that never answers %s holds no other one up, and is given up in %i minutes',
  async (kind, limit) => {
    const { report, good, goodMinutes, minutes } = await promoteBeside(kind);
    expect(good.store.repositories()).toHaveLength(IMAGES);
    expect(report.summary).toMatchObject({ copied: IMAGES, failed: IMAGES });
    expect(goodMinutes).toBe(0);
    expect(minutes).toBeLessThan(limit);
  },
);

it('a host that never answers anything holds no other one up: its edges are unreadable after 30 s', async () => {
  const { report, good, minutes } = await promoteBeside(undefined);
  expect(good.store.repositories()).toHaveLength(IMAGES);
  expect(report.summary).toMatchObject({ copied: IMAGES, unreadable: IMAGES });
  const reasons = Array.from(report.items)
    .filter(({ decision }) => decision === 'unreadable')
    .map(({ reason }) => reason);
  for (const reason of reasons) expect(reason).toContain('has not answered within 30 s');
  expect(minutes).toBeLessThan(0.75);
});
