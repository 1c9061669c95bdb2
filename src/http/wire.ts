import { type ByteStream, watchStream } from '../base/byte-stream.ts';
import { CONNECTIONS } from '../base/limits-and-retries.ts';
import type { Secrets } from '../base/secrets.ts';
import { badRequestHint } from './connect/bad-request-hint.ts';
import { ConnectionPools } from './connect/connection-pools.ts';
import { completeNetworkOptions, type NetworkOptions } from './connect/network-options.ts';
import type { Reach } from './connect/address-policy.ts';
import type { TrustedRealms } from './connect/realm-policy.ts';
import { asConnectionError } from './connection-error.ts';
import { dispatch } from './dispatch.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from './request.ts';
import { secretsOf } from './request-secrets.ts';
import { type StartTimer, systemTimer } from './time-limits.ts';

export interface WireOptions {
  /** `https://host` for a host of the manifests: the origin of its own requests. */
  readonly originOf: (host: string) => string;
  readonly network?: Partial<NetworkOptions>;
  /** Pairs `registry=host`: responses of this registry may lead to that host, at any address class. */
  readonly trusted?: TrustedRealms;
  /** The nearest address class of hosts that the user named. Unset: `loopback`. */
  readonly nearest?: Reach;
  /** Connections to a registry for requests whose answers are read whole. Unset: as many as a host may get. */
  readonly connections?: number;
  /** For requests without a user agent. */
  readonly userAgent?: string;
  /** Receives every secret that is sent, because a server may repeat it. */
  readonly secrets?: Secrets | undefined;
  /** Unset: the machine's own timers. */
  readonly startTimer?: StartTimer;
}

export interface Wire {
  readonly send: Send;
  /** Closes every connection. */
  readonly close: () => Promise<void>;
}

/** The wire: a pool of connections for each origin, with bounded bodies and time limits. */
export function createWire(options: WireOptions): Wire {
  const { originOf, trusted = new Set<string>(), nearest = 'loopback', startTimer = systemTimer } = options;
  const pools = new ConnectionPools({
    originOf,
    trusted,
    nearest,
    connections: options.connections ?? CONNECTIONS.perHost,
    network: completeNetworkOptions(options.network),
  });
  const parts = { pools, originOf, startTimer, userAgent: options.userAgent, secrets: options.secrets };
  return { send: (request) => sendOnWire(request, parts), close: async () => pools.close() };
}

interface WireParts {
  readonly pools: ConnectionPools;
  readonly originOf: (host: string) => string;
  readonly startTimer: StartTimer;
  readonly userAgent: string | undefined;
  readonly secrets: Secrets | undefined;
}

async function sendOnWire(request: HttpRequest, parts: WireParts): Promise<HttpResponse> {
  request.signal.throwIfAborted();
  if (parts.secrets !== undefined) for (const secret of secretsOf(request)) parts.secrets.add(secret);
  let stream: ByteStream | undefined;
  let bodyError: unknown;
  try {
    const known = parts.pools.routeOf(request);
    const route = known instanceof Promise ? await known : known;
    let body = isStreamBody(request.body) ? await request.body.open() : request.body;
    if (body !== undefined && !(body instanceof Uint8Array)) {
      const onFailure = (error: unknown) => {
        bodyError = error;
      };
      body = stream = watchStream(body, { onFailure });
    }
    const { startTimer, userAgent } = parts;
    const response = await dispatch(request, { route, body, startTimer, userAgent });
    return response.status === 400 ? await withHint(request, response, parts) : response;
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    // the reason is the error that broke the body, not the broken connection that follows
    throw bodyError ?? asConnectionError(request, error, parts.originOf(request.host));
  } finally {
    stream?.destroy(); // an answer may come before its end
  }
}

async function withHint(
  request: HttpRequest,
  response: HttpResponse,
  { pools, originOf }: WireParts,
): Promise<HttpResponse> {
  if (request.url.origin !== originOf(request.host)) return response;
  const hasClient = await pools.hasClient(request.url.host);
  const hint = badRequestHint(request, response, { hasClient });
  return hint === undefined ? response : { ...response, hint };
}
