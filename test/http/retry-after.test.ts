import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../src/http/retry-after.ts';

const NOW = Date.UTC(2024, 0, 1, 12);

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['Mon, 01 Jan 2024 12:00:30 GMT', 30_000],
    ['Mon, 01 Jan 2024 11:00:00 GMT', 0],
    ['soon', undefined],
    ['Monday, 01-Jan-24 12:00:30 GMT', 30_000],
    ['5 s', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['wait 3600', undefined],
    ['1234567890', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j asks for %j milliseconds', (header, expected) => {
    expect(parseRetryAfter(header === undefined ? {} : { 'retry-after': header }, NOW)).toBe(expected);
  });

  const asked = { 'retry-after': 'Mon, 01 Jan 2024 12:00:30 GMT' };

  it("asks by a date of the server's own clock where that is known", () => {
    expect(parseRetryAfter({ ...asked, date: 'Mon, 01 Jan 2024 12:00:10 GMT' }, NOW + 3_600_000)).toBe(
      20_000,
    );
  });

  it.each([[{}], [{ date: 'today' }]])('asks for nothing by a date where no time is known: %j', (more) => {
    expect(parseRetryAfter({ ...asked, ...more })).toBeUndefined();
  });
});
