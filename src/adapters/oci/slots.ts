import pLimit, { type LimitFunction } from 'p-limit';
import type { Send } from './http.ts';

export interface SlotLimits {
  /** Requests at a time, all hosts together. */
  readonly threads: number;
  /** Requests at a time to one host. */
  readonly perHost: number;
}

/**
 * Bounds the requests in flight, per host and in all. A request waits for its host first, so that a slow host never
 * holds a slot that others could use.
 *
 * A blob that is read takes none: it is the body of a write that has one. A token is asked for within the slot of its
 * request, because it could end while it waits for one.
 */
export function withSlots(inner: Send, limits: SlotLimits): Send {
  const all = pLimit(limits.threads);
  const hosts = new Map<string, LimitFunction>();
  const limitOf = (host: string) => {
    const known = hosts.get(host) ?? pLimit(Math.min(limits.perHost, limits.threads));
    hosts.set(host, known);
    return known;
  };
  return (request) => {
    if (request.slot === 'none') return inner(request);
    return limitOf(request.host)(() => all(() => inner(request)));
  };
}
