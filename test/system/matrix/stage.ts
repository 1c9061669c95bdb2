import { setMaxListeners } from 'node:events';
import { createRegistryOver, type OciRegistry } from '../../../src/adapters/oci/oci-registry.ts';
import {
  type EmbeddedRegistry,
  type EmbeddedRegistryOptions,
  type Fault,
  startEmbeddedRegistry,
} from '../../../src/embedded-registry/embedded-registry.ts';
import type { HttpRequest, Send } from '../../../src/http/request.ts';
import { createWire } from '../../../src/http/wire.ts';
import { keychainWith, quiet } from '../../adapters/oci/client.ts';
import { type Activity, arrivedAt, counted } from '../../doubles/activity.ts';
import { SettledTime } from '../../doubles/settled-time.ts';

/** The two hosts: images are promoted from the source to the destination. */
export type Side = 'source' | 'destination';
export type Hosts = Readonly<Record<Side, EmbeddedRegistry>>;

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

/** Two hosts, and a client of both, over real sockets in virtual time. */
export interface Stage {
  readonly time: SettledTime;
  readonly hosts: Hosts;
  readonly client: OciRegistry;
  readonly never: AbortSignal;
}

/** What a run has left behind for checks. */
export interface Traces {
  readonly hosts: Hosts;
  /** Requests that were sent where nobody listens. */
  readonly refused: number;
  /** Virtual time that it took. */
  readonly minutes: number;
}

export interface StagePlan {
  readonly fill: (hosts: Hosts) => void;
  readonly makeTrouble: (time: SettledTime, hosts: Hosts) => Trouble;
  /** Of the destination, besides those that every host of the matrix has. */
  readonly destination?: Pick<EmbeddedRegistryOptions, 'maxUploadBytes'>;
}

/** Plays a scene to its end, whatever goes wrong in it. */
export async function play<T>(
  { fill, makeTrouble, destination = {} }: StagePlan,
  act: (stage: Stage) => Promise<T>,
): Promise<{ readonly result: T } & Traces> {
  const theatre = await open(destination);
  const { time, hosts } = theatre;
  try {
    fill(hosts);
    const { faults = [], refusal } = makeTrouble(time, hosts);
    for (const { side, ...fault } of faults) hosts[side].addFault(fault);
    const refusing = new Refusing(theatre, refusal);
    const begun = time.monotonic();
    const result = await time.until(
      act({ time, hosts, client: clientOver(refusing.send, time), never: never() }),
    );
    return { result, hosts, refused: refusing.refused, minutes: (time.monotonic() - begun) / 60_000 };
  } finally {
    await theatre.close();
  }
}

interface Theatre {
  readonly time: SettledTime;
  readonly hosts: Hosts;
  /** Wires to the registries, and to nobody. */
  readonly send: Send;
  readonly sendNowhere: Send;
  readonly activity: Activity;
  close(): Promise<void>;
}

/** A port that no program listens on, and that no server of a test is ever given. */
const NOWHERE = 'http://127.0.0.1:1';
/** Seconds: what time limits take is not to cost tokens as well. */
const TOKEN_LIFE = 24 * 60 * 60;

async function open(more: Pick<EmbeddedRegistryOptions, 'maxUploadBytes'>): Promise<Theatre> {
  const activity = { events: 0 };
  const hosts: Partial<Record<Side, EmbeddedRegistry>> = {};
  const all = () => Object.values(hosts);
  const time: SettledTime = new SettledTime({
    activity: () => activity.events + all().reduce((sum, host) => sum + arrivedAt(host), 0),
    stalled: () => all().some(({ stalled }) => stalled > 0),
  });
  const auth = { kind: 'token', users: { cip: 'secret' }, ttlSeconds: TOKEN_LIFE } as const;
  // they take manifests of what they have not got: that nothing is incomplete is the client's doing
  const options = { auth, validation: 'sparse', now: () => time.wallTime() } as const;
  const source = await startEmbeddedRegistry(options);
  const destination = await startEmbeddedRegistry({ ...options, ...more });
  Object.assign(hosts, { source, destination });
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

/** Sends some requests where nobody listens. */
class Refusing {
  readonly #theatre: Theatre;
  readonly #refusal: Refusal | undefined;
  refused = 0;

  constructor(theatre: Theatre, refusal: Refusal | undefined) {
    this.#theatre = theatre;
    this.#refusal = refusal;
  }

  readonly send: Send = (request) => {
    const { hosts, send, sendNowhere, activity } = this.#theatre;
    const refusal = this.#refusal;
    const isMeant = refusal !== undefined && request.host === hosts[refusal.side].host;
    if (!isMeant || this.refused >= refusal.times || !refusal.concerns(request)) return send(request);
    this.refused += 1;
    activity.events += 1;
    return sendNowhere(request).finally(() => (activity.events += 1));
  };
}

function clientOver(send: Send, clock: SettledTime): OciRegistry {
  const credential = { kind: 'basic', username: 'cip', password: 'secret' } as const;
  return createRegistryOver(
    { send, close: () => Promise.resolve() },
    { keychain: keychainWith(credential), clock, plainHttp: [], threads: 50, userAgent: 'cip/test' },
  );
}

function never(): AbortSignal {
  const signal = quiet();
  setMaxListeners(Number.POSITIVE_INFINITY, signal);
  return signal;
}
