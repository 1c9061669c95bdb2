import { parse, satisfies, validRange } from 'semver';
import { matchesGlob } from '../../base/text.ts';

/** One value of a filter: a text, a glob with `*` and `?`, or for tags a range of versions such as `>=1.30.0 <1.31`. */
export interface Filter {
  /** As it was given. */
  readonly text: string;
  readonly isExact: boolean;
  readonly matches: (text: string) => boolean;
}

/** The filters of a merge. No filter of a kind keeps everything; of several one has to match. */
export interface Filters {
  readonly images: readonly Filter[];
  readonly tags: readonly Filter[];
  readonly digests: readonly Filter[];
}

export const FILTER_KINDS = ['images', 'tags', 'digests'] as const;

/** The flag that gives the filters of each kind, such as `-tag`. */
export type FilterFlags = Readonly<Record<keyof Filters, string>>;

/** Characters that no tag has, and every range of versions but a single version. */
const RANGE = /[<>=~^| ]/;

/** Undefined for a text that looks like a range and is none. */
export function parseTagFilter(text: string): Filter | undefined {
  if (!RANGE.test(text)) return parseFilter(text);
  if (validRange(text) === null) return undefined;
  return {
    text,
    isExact: false,
    matches: (tag) => {
      const version = parse(tag);
      return version !== null && satisfies(version, text);
    },
  };
}

export function parseFilter(text: string): Filter {
  const isExact = !/[*?]/.test(text);
  return { text, isExact, matches: isExact ? (one) => one === text : (one) => matchesGlob(text, one) };
}

/** The filters that match a text; undefined if there are filters and none does. */
export function matching(filters: readonly Filter[], text: string): readonly Filter[] | undefined {
  const found = filters.filter(({ matches }) => matches(text));
  return found.length === 0 && filters.length > 0 ? undefined : found;
}
