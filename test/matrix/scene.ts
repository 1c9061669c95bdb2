import { setMaxListeners } from 'node:events';
import { createRegistryOver } from '../../src/adapters/oci/oci-registry.ts';
import type { HttpRequest, Send } from '../../src/adapters/oci/http.ts';
import { createWire } from '../../src/adapters/oci/undici-send.ts';
import {
  type EmbeddedRegistry,
  type Fault,
  startEmbeddedRegistry,
} from '../../src/embedded-registry/embedded-registry.ts';
import { promote } from '../../src/promote.ts';
import type { Report } from '../../src/report/report.ts';
import { keychainWith, quiet } from '../adapters/oci/client.ts';
import { image, index, layer, PLATFORMS, push } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { MemorySpool } from '../doubles/memory-spool.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';
import { SettledTime } from '../doubles/settled-time.ts';

/** More than is read or sent at once, so that it goes as a stream; and one that is read whole. */
export const LARGE = layer('matrix large', 640 * 1024);
export const SMALL = layer('matrix small', 4096);

const first = image({ seed: 'matrix first', layers: [LARGE, SMALL], ...platform(0) });
const second = image({ seed: 'matrix second', layers: [SMALL], ...platform(1) });
const inner = index({ children: [first, second] });
/** What faults are done to: an index of an index of two images that share a layer. */
const VICTIM = index({ children: [inner] });
/** What they are not done to: another image on the same host, and one that is promoted within the other host. */
const NEIGHBOUR = image({ seed: 'matrix neighbour', layers: 1 });
const MOUNTED = image({ seed: 'matrix mounted', layers: 1 });
/** A tag that is there already, so that the victim's repository has a list. */
const OLD = image({ seed: 'matrix old', layers: 1 });

export const CHILD = first.manifest.digest;
export const INDEX = inner.manifest.digest;

/** The two hosts: images are promoted from the source to the destination, and one within the source. */
export type Side = 'source' | 'destination';

/** Every edge of the scene, as reports name them without their hosts. */
export const EDGES = ['victim:v1', 'victim:v2', 'victim:v3', 'neighbour:v1', 'mounted:v1'] as const;
export type Edge = (typeof EDGES)[number];

/** Something to be done to requests before they are sent. */
export interface Refusal {
  readonly side: Side;
  readonly concerns: (request: HttpRequest) => boolean;
  readonly times: number;
}

export interface Trouble {
  readonly faults?: readonly (Fault & { readonly side: Side })[];
  /** Requests that are sent where nobody listens. */
  readonly refusal?: Refusal;
}

export interface Run {
  readonly report: Report;
  readonly copied: ReadonlySet<Edge>;
  readonly hosts: Readonly<Record<Side, EmbeddedRegistry>>;
  /** Requests that were sent where nobody listens. */
  readonly refused: number;
  /** Virtual time that it took. */
  readonly minutes: number;
}

/** Runs a promotion of the whole scene through `promote()`, over real sockets, in virtual time. */
export async function runScene(
  makeTrouble: (time: SettledTime, hosts: Run['hosts']) => Trouble,
): Promise<Run> {
  const stage = await openStage();
  try {
    const { faults = [], refusal } = makeTrouble(stage.time, stage.hosts);
    for (const { side, ...fault } of faults) stage.hosts[side].addFault(fault);
    return await perform(stage, refusal);
  } finally {
    await stage.close();
  }
}

interface Stage {
  readonly time: SettledTime;
  readonly hosts: Readonly<Record<Side, EmbeddedRegistry>>;
  /** Wires to the registries, and to nobody. */
  readonly send: Send;
  readonly sendNowhere: Send;
  readonly activity: Activity;
  close(): Promise<void>;
}

/** Counts what happens over the wire. */
interface Activity {
  events: number;
}

/** A port that no program listens on, and that no server of a test is ever given. */
const NOWHERE = 'http://127.0.0.1:1';
/** Seconds: what time limits take is not to cost tokens as well. */
const TOKEN_LIFE = 24 * 60 * 60;

async function openStage(): Promise<Stage> {
  const activity = { events: 0 };
  const hosts: Partial<Record<Side, EmbeddedRegistry>> = {};
  const all = () => Object.values(hosts);
  const time: SettledTime = new SettledTime({
    activity: () => activity.events + all().reduce((sum, host) => sum + arrivedAt(host), 0),
    stalled: () => all().some(({ stalled }) => stalled > 0),
  });
  const auth = { kind: 'token', users: { cip: 'secret' }, ttlSeconds: TOKEN_LIFE } as const;
  // they take manifests of what they have not got: that nothing is incomplete is the client's doing
  const options = { auth, validation: 'sparse', now: () => time.now() } as const;
  const source = await startEmbeddedRegistry(options);
  const destination = await startEmbeddedRegistry(options);
  Object.assign(hosts, { source, destination });
  push(source, 'staging/victim', VICTIM);
  push(source, 'staging/neighbour', NEIGHBOUR);
  push(source, 'staging/mounted', MOUNTED);
  push(destination, 'prod/victim', OLD, 'old');
  const wire = createWire({ originOf: (host) => `http://${host}`, startTimer: time.startTimer });
  const nowhere = createWire({ originOf: () => NOWHERE });
  return {
    time,
    hosts: { source, destination },
    activity,
    send: counted(wire.send, activity),
    sendNowhere: (request) =>
      nowhere.send({ ...request, url: new URL(request.url.pathname + request.url.search, NOWHERE) }),
    close: async () => {
      await Promise.all([wire.close(), nowhere.close()]);
      await Promise.all([source.close(), destination.close()]);
    },
  };
}

function arrivedAt({ requests, connections }: EmbeddedRegistry): number {
  return requests.reduce((sum, { bytesIn }) => sum + bytesIn, requests.length + connections);
}

function counted(inner: Send, activity: Activity): Send {
  return async (request) => {
    activity.events += 1;
    try {
      const response = await inner(request);
      response.stream?.on('data', () => void (activity.events += 1)).pause();
      return response;
    } finally {
      activity.events += 1;
    }
  };
}

async function perform(
  { time, hosts, send, sendNowhere, activity }: Stage,
  refusal: Refusal | undefined,
): Promise<Run> {
  let refused = 0;
  const refusing: Send = (request) => {
    const isMeant = refusal !== undefined && request.host === hosts[refusal.side].host;
    if (!isMeant || refused >= refusal.times || !refusal.concerns(request)) return send(request);
    refused += 1;
    activity.events += 1;
    return sendNowhere(request).finally(() => (activity.events += 1));
  };
  const credential = { kind: 'basic', username: 'cip', password: 'secret' } as const;
  const client = createRegistryOver(
    { send: refusing, close: () => Promise.resolve() },
    { keychain: keychainWith(credential), clock: time, plainHttp: [], threads: 50, userAgent: 'cip/test' },
  );
  const begun = time.now();
  const never = quiet();
  setMaxListeners(0, never);
  const own = { clock: time, progress: new RecordingProgress(), spool: new MemorySpool() };
  const ports = { ...client, ...own, stopping: never, signal: never };
  const read = {
    manifests: manifestsOf(hosts),
    problems: [],
    counts: { projects: 2, images: 3, digests: 3 },
  };
  const report = await time.until(promote({ read, confirm: true, reportAll: false, threads: 50 }, ports));
  return { report, copied: copiedIn(report), hosts, refused, minutes: (time.now() - begun) / 60_000 };
}

function manifestsOf({ source, destination }: Stage['hosts']) {
  return [
    from(`${source.host}/staging`)
      .to(`${destination.host}/prod`)
      .promote({
        victim: { [VICTIM.manifest.digest]: ['v1', 'v2', 'v3'] },
        neighbour: { [NEIGHBOUR.manifest.digest]: ['v1'] },
      }),
    from(`${source.host}/staging`)
      .to(`${source.host}/prod`)
      .promote({ mounted: { [MOUNTED.manifest.digest]: ['v1'] } }),
  ];
}

function copiedIn({ items }: Report): ReadonlySet<Edge> {
  const copied = items.filter(({ outcome }) => outcome === 'copied');
  return new Set(EDGES.filter((edge) => copied.some(({ destination }) => destination?.endsWith(`/${edge}`))));
}

function platform(number: number) {
  const found = PLATFORMS[number];
  return found === undefined ? {} : { platform: found };
}
