/**
 * Milliseconds of a `Retry-After` header in seconds or as a date; undefined for any other value. A date is compared
 * with the server's clock, which is its `Date` header, or else with `wallTime`, in milliseconds since the epoch.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(
  headers: Readonly<Record<string, string>>,
  wallTime = Number.NaN,
): number | undefined {
  const header = headers['retry-after'];
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (!HTTP_DATE.test(text)) return undefined;
  const serverTime = Date.parse(headers['date'] ?? '');
  const wait = Date.parse(text) - (Number.isNaN(serverTime) ? wallTime : serverTime);
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

/** All forms begin with the name of a day: `Sun, 06 Nov 1994 08:49:37 GMT`. `Date.parse` accepts much else. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;
