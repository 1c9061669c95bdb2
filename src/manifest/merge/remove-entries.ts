import { renderDmapEntry } from '../edit/render-entry.ts';
import {
  applySplices,
  endOf,
  endOfEntry,
  endOfLine,
  isFlow,
  type Splice,
  startOfLine,
} from '../edit/text-layout.ts';
import type { YamlEntry, YamlMap } from '../yaml/yaml-tree.ts';
import { parseDigest } from '../../image/digest.ts';
import { parseTag } from '../../image/tag.ts';
import { keyOf, type ListContent, type ListEntry } from './list-content.ts';

/**
 * The text of a list without some entries. Other lines stay unchanged. Undefined for a text in flow style. The caller must
 * check the content of the result.
 */
export function removeEntries(
  { text, root }: ListContent,
  removed: readonly ListEntry[],
): string | undefined {
  if (removed.length === 0) return text;
  const keys = new Set(removed.map(keyOf));
  const images = root.kind === 'list' ? root.items : [];
  if (images.some((image) => isFlow(text, image)) || isFlow(text, root)) return undefined;
  const splices: Splice[] = [];
  for (const image of images) {
    if (image.kind !== 'map') continue;
    const name = image.entries.find(({ key }) => key.value === 'name')?.value;
    const dmap = image.entries.find(({ key }) => key.value === 'dmap')?.value;
    if (name?.kind !== 'scalar' || dmap?.kind !== 'map') continue;
    if (isFlow(text, dmap)) return undefined;
    const isGone = (digest: string, tag?: string) => keys.has(keyOf({ name: name.value, digest, tag }));
    if (dmap.entries.length > 0 && dmap.entries.every(({ key }) => isGone(key.value)))
      splices.push(removeLines(text, startOfImage(text, image), endOf(text, image)));
    else splices.push(...dmap.entries.flatMap((entry) => removeFromDigest(text, entry, isGone)));
  }
  return applySplices(text, splices);
}

function startOfImage(text: string, image: YamlMap): number {
  return text.lastIndexOf('-', image.at - 1);
}

function removeFromDigest(
  text: string,
  entry: YamlEntry,
  isGone: (digest: string, tag?: string) => boolean,
): readonly Splice[] {
  const { key, value } = entry;
  const end = endOfEntry(text, entry);
  if (isGone(key.value)) return [removeLines(text, key.at, end)];
  const tags =
    value.kind === 'list' ? value.items.flatMap((tag) => (tag.kind === 'scalar' ? [tag.value] : [])) : [];
  const kept = tags.filter((tag) => !isGone(key.value, tag)).flatMap((tag) => parseTag(tag) ?? []);
  const digest = parseDigest(key.value);
  if (kept.length === tags.length || digest === undefined) return [];
  return [{ at: key.at, removed: end - key.at, text: renderDmapEntry({ digest, tags: kept }) }];
}

/** Removes whole lines, with a comment at the end of the last one. */
function removeLines(text: string, start: number, end: number): Splice {
  const at = startOfLine(text, start);
  const next = text.indexOf('\n', endOfLine(text, end));
  return { at, removed: (next === -1 ? text.length : next + 1) - at, text: '' };
}
