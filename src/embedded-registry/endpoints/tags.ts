import { compareText } from '../../base/sorted.ts';
import type { Backend, Call } from '../handler.ts';
import { Refusal } from '../errors.ts';
import { jsonReply, type Reply } from '../reply.ts';
import { compareTags } from '../storage/store.ts';
import { googleListing } from './google-listing.ts';

export function listTags(call: Call, { store, settings }: Backend): Reply {
  const { name } = call;
  if (settings.listing === 'google') return jsonReply(googleListing(store, name));
  if (!store.exists(name)) {
    throw new Refusal('NAME_UNKNOWN', 'repository name not known to registry', { details: [{ name }] });
  }
  const page = pageOf(store.tags(name), call, { limit: settings.pageSize, compare: compareTags });
  return jsonReply({ name, tags: page.entries }, { headers: page.headers });
}

/** Lists all repositories. The specification no longer has this request, but every registry does. */
export function listRepositories(call: Call, { store, settings }: Backend): Reply {
  const page = pageOf(store.repositories(), call, { limit: settings.pageSize, compare: compareText });
  return jsonReply({ repositories: page.entries }, { headers: page.headers });
}

interface Paging {
  /** Most entries on a page. */
  readonly limit: number;
  readonly compare: (a: string, b: string) => number;
}

export interface Page {
  readonly entries: readonly string[];
  /** The Link to the next page, if there is one. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The page of sorted entries for `n` and `last`. Throws `PAGINATION_NUMBER_INVALID` for an invalid `n`.
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
