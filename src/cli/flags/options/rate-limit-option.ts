import { quote } from '../../../base/text.ts';
import type { RateLimit, RateLimits } from '../../../http/limits/rate-limits.ts';
import { UsageError } from '../usage-error.ts';

/** The name for each identity, at all Google hosts together. */
const USER = 'user';

/** Parses all values of `-budget`: `HOST=RPS[,writes=RPS]` or `user=RPS`. Throws a `UsageError`. */
export function parseRateLimits(values: readonly string[]): RateLimits {
  const parsed = values.map(parseRateLimit);
  const hosts = parsed.filter(({ name }) => name !== USER);
  return {
    hosts: new Map(hosts.map(({ name, rateLimit }) => [name, rateLimit])),
    user: parsed.findLast(({ name }) => name === USER)?.rateLimit.requests,
  };
}

function parseRateLimit(value: string): { readonly name: string; readonly rateLimit: RateLimit } {
  const [, name = '', requests, , writes] = /^([^=,/\s]+)=([\d.]+)(,writes=([\d.]+))?$/.exec(value) ?? [];
  const rates = [Number(requests), Number(writes ?? requests)];
  const isGood = rates.every((rate) => rate > 0 && Number.isFinite(rate));
  if (name === '' || !isGood || (name === USER && writes !== undefined)) throw malformed(value);
  return { name, rateLimit: { requests: Number(requests), writes: Number(writes ?? requests) } };
}

function malformed(value: string): UsageError {
  return new UsageError(
    `-budget is HOST=RPS or HOST=RPS,writes=RPS or user=RPS, in requests per second, not ${quote(value)}`,
  );
}
