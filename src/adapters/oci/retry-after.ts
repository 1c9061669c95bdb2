/**
 * Milliseconds that a `Retry-After` header asks to wait, from its seconds or its date; undefined where it asks for
 * nothing that can be understood.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const wait = Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
