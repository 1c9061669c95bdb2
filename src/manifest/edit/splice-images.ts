import { groupBy } from '../../base/maps.ts';
import type { ImageName } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { isNull, type YamlEntry, type YamlList, type YamlMap, type YamlNode } from '../yaml/yaml-tree.ts';
import { insertEntries, insertItems } from './insert.ts';
import {
  type DigestTags,
  digestKeys,
  renderDmapEntry,
  renderDmapFlow,
  renderImageFlow,
  renderImageLines,
  renderTag,
  renderTags,
} from './render-entry.ts';
import {
  applySplices,
  endOf,
  endOfKey,
  endOfLine,
  indentationAt,
  isUnwritten,
  lineBreakOf,
  type Splice,
} from './text-layout.ts';

/** The digests that an image of the list gets, each once, and the tags that they get. */
export interface ImageGrowth {
  readonly name: ImageName;
  /** Sorted by digest. */
  readonly digests: readonly DigestTags[];
}

/**
 * The text of a list of images with more digests and tags, each in its sorted place; every other character stays.
 * `growths` are sorted by name. Undefined for a text that cannot be edited so. The caller must check the content of the
 * result.
 */
export function spliceImages(
  { text, root }: { readonly text: string; readonly root: YamlNode },
  growths: readonly ImageGrowth[],
): string | undefined {
  if (isNull(root)) return applySplices(text, [appendToEmpty(text, growths)]);
  if (root.kind !== 'list') return undefined;
  const imagesOf = indexImages(root);
  const isNew = ({ name }: ImageGrowth) => !imagesOf.has(name);
  const inside = growths
    .filter((growth) => !isNew(growth))
    .map((growth) => spliceImage(text, imagesOf.get(growth.name) ?? [], growth));
  if (inside.includes(undefined)) return undefined;
  const added = growths.filter(isNew);
  const outside = added.length === 0 ? [] : spliceNewImages(text, root, added);
  return applySplices(text, [...inside.flatMap((splices) => splices ?? []), ...outside]);
}

function indexImages(list: YamlList): ReadonlyMap<string, readonly YamlMap[]> {
  const maps = list.items.filter((item): item is YamlMap => item.kind === 'map');
  return groupBy(maps, nameOf);
}

function nameOf(item: YamlNode): string {
  const value = item.kind === 'map' ? item.entries.find(({ key }) => key.value === 'name')?.value : undefined;
  return value?.kind === 'scalar' ? value.value : '';
}

function dmapOf(image: YamlMap): YamlEntry | undefined {
  return image.entries.find(({ key }) => key.value === 'dmap');
}

/** A text of nothing or of comments: they stay above. */
function appendToEmpty(text: string, growths: readonly ImageGrowth[]): Splice {
  const lineBreak = lineBreakOf(text);
  const lines = linesOf(growths).join(lineBreak) + lineBreak;
  const isOpen = text !== '' && !text.endsWith('\n');
  return { at: text.length, removed: 0, text: (isOpen ? lineBreak : '') + lines };
}

function linesOf(growths: readonly ImageGrowth[]): readonly string[] {
  return growths.flatMap(({ name, digests }) => renderImageLines(name, digests));
}

function spliceNewImages(text: string, list: YamlList, growths: readonly ImageGrowth[]): readonly Splice[] {
  if (list.items.length === 0) {
    const lines = linesOf(growths).join(lineBreakOf(text));
    return [{ at: list.at, removed: endOf(text, list) - list.at, text: lines }];
  }
  const added = growths.map(({ name, digests }) => ({
    keys: [name],
    lines: renderImageLines(name, digests),
    flow: renderImageFlow(name, digests),
  }));
  return insertItems(text, list, { added, keyOf: nameOf });
}

/** `images` are the entries of one name: a digest goes to the one that has it, a new one to the first. */
function spliceImage(
  text: string,
  images: readonly YamlMap[],
  { digests }: ImageGrowth,
): readonly Splice[] | undefined {
  const [first] = images;
  if (first === undefined) return undefined;
  const known = indexDigests(images);
  const tags = digests.map(({ digest, tags }) => {
    const entry = known.get(digest);
    return entry === undefined ? [] : spliceTags(text, entry, tags);
  });
  if (tags.includes(undefined)) return undefined;
  const added = digests.filter(({ digest }) => !known.has(digest));
  const entries = added.length === 0 ? [] : spliceDigests(text, first, added);
  return entries && [...tags.flatMap((splices) => splices ?? []), ...entries];
}

function indexDigests(images: readonly YamlMap[]): ReadonlyMap<string, YamlEntry> {
  const entries = images.flatMap((image) => {
    const dmap = dmapOf(image)?.value;
    return dmap?.kind === 'map' ? dmap.entries : [];
  });
  return new Map(entries.toReversed().map((entry) => [entry.key.value, entry])); // the first of several counts
}

function spliceDigests(
  text: string,
  image: YamlMap,
  added: readonly DigestTags[],
): readonly Splice[] | undefined {
  const dmap = dmapOf(image);
  if (dmap === undefined) {
    // the image has no `dmap`: it becomes the last field
    const lines = ['dmap:', ...added.map((entry) => `  ${renderDmapEntry(entry)}`)];
    const part = { keys: [], lines, flow: `"dmap": ${renderDmapFlow(added)}` };
    return insertEntries(text, image, { added: [part], keysOf: () => [] });
  }
  if (dmap.value.kind === 'map') {
    const parts = added.map((entry) => {
      const line = renderDmapEntry(entry);
      return { keys: digestKeys(entry.digest, entry.tags), lines: [line], flow: line };
    });
    return insertEntries(text, dmap.value, { added: parts, keysOf });
  }
  if (!isNull(dmap.value)) return undefined;
  if (!isUnwritten(dmap)) return [replace(text, dmap.value, renderDmapFlow(added))];
  const end = endOfKey(text, dmap);
  const start = `${lineBreakOf(text)}${indentationAt(text, dmap.key.at)}  `;
  return [
    {
      at: endOfLine(text, end),
      removed: 0,
      text: added.map((entry) => start + renderDmapEntry(entry)).join(''),
    },
  ];
}

function keysOf({ key, value }: YamlEntry): readonly string[] {
  const tags = value.kind === 'list' ? value.items : [];
  return digestKeys(
    key.value,
    tags.map((tag) => (tag.kind === 'scalar' ? tag.value : '')),
  );
}

function spliceTags(text: string, entry: YamlEntry, tags: readonly Tag[]): readonly Splice[] | undefined {
  if (tags.length === 0) return [];
  const { value } = entry;
  if (value.kind === 'list') {
    const added = tags.map((tag) => ({ keys: [tag], lines: [`- ${renderTag(tag)}`], flow: renderTag(tag) }));
    return insertItems(text, value, { added, keyOf: (item) => (item.kind === 'scalar' ? item.value : '') });
  }
  if (!isNull(value)) return undefined;
  if (!isUnwritten(entry)) return [replace(text, value, renderTags(tags))];
  return [{ at: endOfKey(text, entry), removed: 0, text: ` ${renderTags(tags)}` }];
}

function replace(text: string, node: YamlNode, replacement: string): Splice {
  return { at: node.at, removed: endOf(text, node) - node.at, text: replacement };
}
