import type { Digest } from '../../image/digest.ts';
import type { ImageName } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { SourceFile } from '../source-file.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { isNull, type YamlEntry, type YamlList, type YamlMap, type YamlNode } from '../yaml/yaml-tree.ts';
import { insertEntry, insertItem } from './insert.ts';
import {
  renderDmapEntry,
  renderDmapFlow,
  renderImageFlow,
  renderImageLines,
  renderTag,
  renderTags,
} from './render-entry.ts';
import {
  applySplice,
  endOf,
  endOfKey,
  endOfLine,
  indentationAt,
  isUnwritten,
  lineBreakOf,
  type Splice,
} from './text-layout.ts';

/** A digest that a list of images gets, under a tag or under none. */
export interface ImageAddition {
  readonly name: ImageName;
  readonly digest: Digest;
  readonly tag: Tag | undefined;
}

/**
 * The text of a list of images with one more digest or tag in its sorted place; every other character stays. Undefined
 * for a text that is no list of images. The caller must check the content of the result.
 */
export function addImage(source: SourceFile, addition: ImageAddition): string | undefined {
  const root = parseYaml(source);
  if (root === undefined) return undefined;
  const splice = spliceFor(source.text, root, addition);
  return splice === undefined ? undefined : applySplice(source.text, splice);
}

function spliceFor(text: string, root: YamlNode, addition: ImageAddition): Splice | undefined {
  const { name, digest } = addition;
  if (isNull(root)) return appendToEmpty(text, addition);
  if (root.kind !== 'list') return undefined;
  const images = root.items.filter((item): item is YamlMap => item.kind === 'map' && nameOf(item) === name);
  const dmapOf = (image: YamlMap) => image.entries.find(({ key }) => key.value === 'dmap');
  const holder = images.find((image) => digestEntry(dmapOf(image), digest) !== undefined) ?? images[0];
  if (holder === undefined) return spliceImage(text, root, addition);
  const dmap = dmapOf(holder);
  const entry = digestEntry(dmap, digest);
  if (dmap === undefined) return spliceDmap(text, holder, addition);
  return entry === undefined ? spliceDigest(text, dmap, addition) : spliceTag(text, entry, addition);
}

function nameOf(item: YamlNode): string {
  const value = item.kind === 'map' ? item.entries.find(({ key }) => key.value === 'name')?.value : undefined;
  return value?.kind === 'scalar' ? value.value : '';
}

function digestEntry(dmap: YamlEntry | undefined, digest: Digest): YamlEntry | undefined {
  if (dmap?.value.kind !== 'map') return undefined;
  return dmap.value.entries.find(({ key }) => key.value === digest);
}

/** A text of nothing or of comments: they stay above. */
function appendToEmpty(text: string, addition: ImageAddition): Splice {
  const lineBreak = lineBreakOf(text);
  const lines = imageLines(addition).join(lineBreak) + lineBreak;
  const isOpen = text !== '' && !text.endsWith('\n');
  return { at: text.length, removed: 0, text: (isOpen ? lineBreak : '') + lines };
}

function spliceImage(text: string, list: YamlList, addition: ImageAddition): Splice {
  const lines = imageLines(addition);
  if (list.items.length === 0) {
    const end = endOf(text, list);
    return { at: list.at, removed: end - list.at, text: lines.join(lineBreakOf(text)) };
  }
  const flow = renderImageFlow(addition.name, [digestTags(addition)]);
  return insertItem(text, list, { part: { key: addition.name, lines, flow }, keyOf: nameOf });
}

/** The image has no `dmap`: it becomes the last field. */
function spliceDmap(text: string, image: YamlMap, addition: ImageAddition): Splice {
  const entry = digestTags(addition);
  const flow = `"dmap": ${renderDmapFlow([entry])}`;
  return insertEntry(text, image, { key: LAST, lines: ['dmap:', `  ${renderDmapEntry(entry)}`], flow });
}

/** Greater than the name of any field. */
const LAST = '\uffff';

function spliceDigest(text: string, dmap: YamlEntry, addition: ImageAddition): Splice | undefined {
  const entry = digestTags(addition);
  const line = renderDmapEntry(entry);
  if (dmap.value.kind === 'map') {
    return insertEntry(text, dmap.value, { key: addition.digest, lines: [line], flow: line });
  }
  if (!isNull(dmap.value)) return undefined;
  if (!isUnwritten(dmap)) return replace(text, dmap.value, renderDmapFlow([entry]));
  const end = endOfKey(text, dmap);
  const indentation = `${indentationAt(text, dmap.key.at)}  `;
  return { at: endOfLine(text, end), removed: 0, text: `${lineBreakOf(text)}${indentation}${line}` };
}

function spliceTag(text: string, entry: YamlEntry, { tag }: ImageAddition): Splice | undefined {
  if (tag === undefined) return undefined;
  const { value } = entry;
  if (value.kind === 'list') {
    const part = { key: tag, lines: [`- ${renderTag(tag)}`], flow: renderTag(tag) };
    return insertItem(text, value, { part, keyOf: (item) => (item.kind === 'scalar' ? item.value : '') });
  }
  if (!isNull(value)) return undefined;
  if (!isUnwritten(entry)) return replace(text, value, renderTags([tag]));
  return { at: endOfKey(text, entry), removed: 0, text: ` ${renderTags([tag])}` };
}

function replace(text: string, node: YamlNode, replacement: string): Splice {
  return { at: node.at, removed: endOf(text, node) - node.at, text: replacement };
}

function imageLines(addition: ImageAddition): readonly string[] {
  return renderImageLines(addition.name, [digestTags(addition)]);
}

function digestTags({ digest, tag }: ImageAddition) {
  return { digest, tags: tag === undefined ? [] : [tag] };
}
