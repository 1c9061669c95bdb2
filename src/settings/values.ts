import * as z from 'zod';

// Types of values in several sections.

/** Milliseconds. */
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const AGE = /^(\d{1,6})([mhd])$/;

const AGE_ERROR = 'expected a number of minutes, hours or days, such as 30m, 72h or 14d';

/** A duration in whole minutes, hours or days: `72h`. */
export const Age = z.string({ error: AGE_ERROR }).regex(AGE, { error: AGE_ERROR });

/** Milliseconds of an `Age`. */
export function millisecondsOf(age: z.infer<typeof Age>): number {
  const [, count = '0', unit = ''] = AGE.exec(age) ?? [];
  return Number(count) * (UNITS[unit] ?? 0);
}

const GLOB_ERROR = 'expected text, in quotes if it looks like a number';

/** `*` is any text, `?` any one character. */
export const Globs = z.array(z.string({ error: GLOB_ERROR }).min(1, { error: GLOB_ERROR }), {
  error: 'expected a list, such as ["app-*"]',
});
