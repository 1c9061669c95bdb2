import type { Call } from '../call.ts';
import { Refusal } from '../errors.ts';

interface Paging {
  /** Most entries on a page. */
  readonly limit: number;
  readonly compare: (a: string, b: string) => number;
}

export interface Page {
  readonly entries: readonly string[];
  /** Link to the next page, where there is one. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The page of sorted entries that `n` and `last` ask for. Throws `PAGINATION_NUMBER_INVALID` for a bad `n`.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
export function pageOf(sorted: readonly string[], call: Call, { limit, compare }: Paging): Page {
  const size = Math.min(limit, requestedSize(call.query.get('n')));
  const last = call.query.get('last');
  const rest = last === null ? sorted : sorted.filter((entry) => compare(entry, last) > 0);
  const entries = rest.slice(0, size);
  const end = entries.at(-1);
  if (end === undefined || entries.length === rest.length) return { entries, headers: {} };
  const next = `${call.path}?n=${size}&last=${encodeURIComponent(end)}`;
  return { entries, headers: { Link: `<${next}>; rel="next"` } };
}

function requestedSize(n: string | null): number {
  if (n === null) return Number.POSITIVE_INFINITY;
  if (/^\d+$/.test(n)) return Number(n);
  throw new Refusal('PAGINATION_NUMBER_INVALID', 'invalid number of results requested', { details: [{ n }] });
}
