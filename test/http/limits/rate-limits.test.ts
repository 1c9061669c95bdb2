import { describe, expect, it } from 'vitest';
import { rateLimitOf, DEFAULT_RATE_LIMITS, userRateLimitOf } from '../../../src/http/limits/rate-limits.ts';

const OWN = { requests: 7, writes: 3 };
const RATE_LIMITS = { hosts: new Map([['gcr.io', OWN]]), user: 5 };
const BOUNDLESS = { requests: Number.POSITIVE_INFINITY, writes: Number.POSITIVE_INFINITY };

describe('the rate limit of a host', () => {
  it.each(['gcr.io', 'eu.gcr.io', 'us-docker.pkg.dev'])('is just below the quota of Google: %s', (host) => {
    const { requests, writes } = rateLimitOf(host, DEFAULT_RATE_LIMITS);
    expect(requests * 60).toBeCloseTo(0.97 * 60_000);
    expect(writes * 60).toBeCloseTo(0.97 * 18_000);
    expect((userRateLimitOf(host, DEFAULT_RATE_LIMITS) ?? 0) * 60).toBeCloseTo(0.97 * 5000);
  });

  it('is without bounds where nothing is known of it', () => {
    expect(rateLimitOf('registry.test', DEFAULT_RATE_LIMITS)).toEqual(BOUNDLESS);
    expect(userRateLimitOf('registry.test', RATE_LIMITS)).toBeUndefined();
  });

  it('is that of the command line', () => {
    expect(rateLimitOf('gcr.io', RATE_LIMITS)).toEqual(OWN);
    expect(userRateLimitOf('eu.gcr.io', RATE_LIMITS)).toBe(5);
  });
});
