import { parseTag, type Tag } from '../../image/tag.ts';

/** A name outside the grammar cannot be wanted, and must not get into a URL; an object may refuse to be a name. */
export function fitTags(names: readonly unknown[]): Tag[] {
  return names
    .map((name) => (typeof name === 'object' && name !== null ? undefined : parseTag(String(name))))
    .filter((tag) => tag !== undefined);
}
