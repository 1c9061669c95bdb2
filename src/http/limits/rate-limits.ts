import { GOOGLE_QUOTAS } from '../../base/limits-and-retries.ts';
import { isGoogleHost } from '../../image/google-hosts.ts';

/** The rate limit of a host, in requests per second. */
export interface RateLimit {
  readonly requests: number;
  /** Writes, which count as requests too. */
  readonly writes: number;
}

/** The rate limits of hosts and identities. An unset limit has the documented default. */
export interface RateLimits {
  readonly hosts: ReadonlyMap<string, RateLimit>;
  /** Requests per second of one identity, at all Google hosts together. */
  readonly user: number | undefined;
}

export const DEFAULT_RATE_LIMITS: RateLimits = { hosts: new Map(), user: undefined };

const perSecond = (requestsPerMinute: number) => (requestsPerMinute / 60) * GOOGLE_QUOTAS.usedShare;

const GOOGLE: RateLimit = {
  requests: perSecond(GOOGLE_QUOTAS.requestsPerMinute),
  writes: perSecond(GOOGLE_QUOTAS.writesPerMinute),
};
const GOOGLE_USER = perSecond(GOOGLE_QUOTAS.userPerMinute);
const BOUNDLESS: RateLimit = { requests: Number.POSITIVE_INFINITY, writes: Number.POSITIVE_INFINITY };

/** An unknown host has no limit until it refuses a request. */
export function rateLimitOf(host: string, { hosts }: RateLimits): RateLimit {
  return hosts.get(host) ?? (isGoogleHost(host) ? GOOGLE : BOUNDLESS);
}

/** Requests per second of one identity at this host and all hosts with the same quota; undefined without a limit. */
export function userRateLimitOf(host: string, { user }: RateLimits): number | undefined {
  return isGoogleHost(host) ? (user ?? GOOGLE_USER) : undefined;
}
