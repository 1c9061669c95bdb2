import { quote } from '../../../base/text.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';

/** Milliseconds of `-deadline`, after which a run is stopped; undefined without a deadline. Throws a `UsageError`. */
export function deadlineOf(flags: FlagValues): number | undefined {
  const text = flags.text('deadline');
  if (text === undefined) return undefined;
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
  throw new UsageError(`-deadline is a duration above zero like 90m, 1h30m or 45s, not ${quote(text)}`);
}

/** Milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds of a duration in Go's notation, `1h30m` or `1.5s`, without a sign; undefined for anything else.
 *
 * @see https://pkg.go.dev/time#ParseDuration
 */
export function parseDuration(text: string): number | undefined {
  // both letters for micro as escapes: the build allows ASCII only in a regular expression
  const parts = Array.from(text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy));
  const length = parts.reduce((sum, [part]) => sum + part.length, 0);
  if (parts.length === 0 || length < text.length) return undefined;
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
}
