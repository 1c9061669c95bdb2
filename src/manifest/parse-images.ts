import { quote } from '../base/text.ts';
import type { DigestEntry, ImageEntry, TagEntry } from './model.ts';
import { checkDigest, checkImageName, checkTag } from './rules.ts';
import { asMap, DIGEST_MAP, firstEntries, MapFields, TEXT } from './map-fields.ts';
import type { SourceFile } from './source-file.ts';
import {
  isNull,
  kindOf,
  type YamlEntry,
  type YamlList,
  type YamlMap,
  type YamlNode,
} from './yaml/yaml-tree.ts';

/** The good entries of a list of images. Bad ones are reported to the file. */
export function parseImages(list: YamlList, source: SourceFile): readonly ImageEntry[] {
  return list.items.map((item) => parseImage(item, source)).filter((image) => image !== undefined);
}

/** The number of dmap entries in a list of images, good or bad. */
export function countDigests(list: YamlList): number {
  const dmaps = list.items.flatMap((item) => (item.kind === 'map' ? item.entries : []));
  return dmaps
    .filter(({ key, value }) => key.value === 'dmap' && value.kind === 'map')
    .reduce((sum, { value }) => sum + (value.kind === 'map' ? value.entries.length : 0), 0);
}

function parseImage(item: YamlNode, source: SourceFile): ImageEntry | undefined {
  const map = asMap(item, 'an image', source);
  if (map === undefined) return undefined;
  const fields = new MapFields(map, 'an image', source);
  const nameNode = fields.take('name', TEXT);
  const dmap = fields.take('dmap', DIGEST_MAP);
  const isIntact = fields.close();
  const name = checkImageName(nameNode?.value);
  if ('fault' in name && !fields.isBroken('name')) source.report(name.fault, nameNode?.at ?? map.at);
  const isUnusable = dmap === undefined && fields.isBroken('dmap');
  const digests = isUnusable ? undefined : parseDmap(dmap, map, source);
  if (!isIntact || 'fault' in name || digests === undefined) return undefined;
  return { name: name.value, digests, at: source.positionOf(map.at) };
}

/**
 * The good entries of a dmap; undefined if it has only bad ones. A missing or empty dmap announces an image without a
 * release in real lists, so it is a warning.
 */
function parseDmap(
  map: YamlMap | undefined,
  image: YamlMap,
  source: SourceFile,
): readonly DigestEntry[] | undefined {
  if (map === undefined || map.entries.length === 0) {
    const message = `images: 'dmap' field is empty: nothing is promoted for this image`;
    const key = image.entries.find((entry) => entry.key.value === 'dmap')?.key;
    source.warn({ rule: 'empty-dmap', message }, key?.at ?? image.at);
    return [];
  }
  const { repeated } = firstEntries(map, source);
  const digests: DigestEntry[] = [];
  for (const entry of map.entries) {
    const digest = parseDigest(entry, source);
    // the tags of a repeated digest are ambiguous
    if (digest !== undefined && !repeated.has(digest.digest)) digests.push(digest);
  }
  return digests.length === 0 ? undefined : digests;
}

function parseDigest({ key, value }: YamlEntry, source: SourceFile): DigestEntry | undefined {
  const digest = checkDigest(key.value);
  if ('fault' in digest) source.report(digest.fault, key.at);
  const tags = parseTags(value, source);
  if ('fault' in digest || tags === undefined) return undefined;
  return { digest: digest.value, tags, at: source.positionOf(key.at) };
}

/** The good tags, each once. Undefined if all are bad: without tags the digest would be promoted untagged. */
function parseTags(value: YamlNode, source: SourceFile): readonly TagEntry[] | undefined {
  if (isNull(value)) return [];
  if (value.kind !== 'list') {
    const advice = value.kind === 'scalar' ? ': put it into [brackets]' : '';
    source.report(
      { rule: 'shape', message: `the tags of a digest have to be a list, not ${kindOf(value)}${advice}` },
      value.at,
    );
    return undefined;
  }
  const tags = new Map<string, TagEntry>();
  for (const item of value.items) {
    const tag = parseTag(item, source);
    if (tag !== undefined && !tags.has(tag.tag)) tags.set(tag.tag, tag);
  }
  return tags.size === 0 && value.items.length > 0 ? undefined : Array.from(tags.values());
}

function parseTag(item: YamlNode, source: SourceFile): TagEntry | undefined {
  if (item.kind !== 'scalar' || isNull(item)) {
    const advice =
      item.kind === 'scalar' && item.value !== '' ? `: if it is called so, write ${quote(item.value)}` : '';
    source.report({ rule: 'tag', message: `a tag has to be text, not ${kindOf(item)}${advice}` }, item.at);
    return undefined;
  }
  const tag = checkTag(item.value);
  if ('value' in tag) return { tag: tag.value, at: source.positionOf(item.at) };
  source.report(tag.fault, item.at);
  return undefined;
}
