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

/** The used part of a quota: the server chooses the beginning of its windows of a minute, and clocks differ. */
const SHARE = 0.97;
const perMinute = (requests: number) => (requests / 60) * SHARE;

/**
 * Quotas of Artifact Registry for each project and region; each of these has its own host.
 *
 * @see https://cloud.google.com/artifact-registry/quotas
 */
const GOOGLE: RateLimit = { requests: perMinute(60_000), writes: perMinute(18_000) };
/** The quota that Kubernetes' projects grant one user. Google itself has no such limit. */
const GOOGLE_USER = perMinute(5_000);
const BOUNDLESS: RateLimit = { requests: Number.POSITIVE_INFINITY, writes: Number.POSITIVE_INFINITY };

/** An unknown host has no limit until it refuses a request. */
export function rateLimitOf(host: string, { hosts }: RateLimits): RateLimit {
  return hosts.get(host) ?? (isGoogleHost(host) ? GOOGLE : BOUNDLESS);
}

/** Requests per second of one identity at this host and all hosts with the same quota; undefined without a limit. */
export function userRateLimitOf(host: string, { user }: RateLimits): number | undefined {
  return isGoogleHost(host) ? (user ?? GOOGLE_USER) : undefined;
}
