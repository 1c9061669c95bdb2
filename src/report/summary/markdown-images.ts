import { countOf } from '../../base/text.ts';
import { needsAttention } from '../exit-code.ts';
import { escapeCell } from '../render-table.ts';
import type { Report } from '../report.ts';
import type { ItemLine } from './fold-items.ts';
import type { CommentRoom } from './comment-room.ts';
import type { FoldedImage } from './fold-edges.ts';
import { sourceOf } from './parse-edge-id.ts';
import type { RegistryLists } from './registry-lists.ts';

const TITLES: Readonly<Record<string, string>> = {
  copy: 'To copy',
  'add-tag': 'To tag',
  copied: 'Copied',
  present: 'Already present',
  repaired: 'Repaired',
};

/** Characters of all rows. */
const MAX_ROWS = 28_000;
/** Characters of the counts of rows that do not fit. */
const MAX_COUNTED = 4_000;

interface Row {
  readonly image: string;
  readonly tags: string[];
  readonly line: ItemLine;
  readonly registries: readonly string[];
}

/** A table for each result that needs no attention, with a row for each image and digest. */
export function imageTables(
  images: readonly FoldedImage<ItemLine>[],
  {
    mode,
    lists,
    room,
  }: { readonly mode: Report['mode']; readonly lists: RegistryLists; readonly room: CommentRoom },
): string[] {
  const all = rowsOf(images, mode);
  const results = Array.from(new Set(all.map(({ line }) => line.result)));
  const own = room.part(MAX_ROWS);
  return results.flatMap((result) => {
    const rows = all.filter(({ line }) => line.result === result);
    const directory = commonDirectory(rows.map(({ line }) => line.item.at));
    const shown: string[] = [];
    const hidden: Row[] = [];
    for (const row of rows) {
      const text = renderRow(row, { lists, directory });
      if (own.take(text)) shown.push(text);
      else hidden.push(row);
    }
    const header = [
      'image',
      'tags',
      'digest',
      'destinations',
      directory === '' ? 'manifest' : `below ${escapeCell(directory)}`,
    ];
    const table = [`| ${header.join(' | ')} |`, `|${' --- |'.repeat(header.length)}`, ...shown].join('\n');
    return [
      `### ${TITLES[result] ?? result}`,
      ...(shown.length > 0 ? [table] : []),
      ...countImages(hidden, room),
    ];
  });
}

function rowsOf(images: readonly FoldedImage<ItemLine>[], mode: Report['mode']): Row[] {
  const rows = new Map<string, Row>();
  for (const { image, registries, lines } of images) {
    for (const line of lines) {
      if (needsAttention(line.item, mode)) continue;
      const key = `${line.result} ${image} ${line.item.digest} ${registries.join(' ')} ${line.reason}`;
      const row = rows.get(key) ?? { image, tags: [], line, registries };
      rows.set(key, row);
      row.tags.push(line.tag ?? '(no tag)');
    }
  }
  return Array.from(rows.values());
}

function renderRow(
  row: Row,
  { lists, directory }: { readonly lists: RegistryLists; readonly directory: string },
): string {
  const { image, tags, line } = row;
  const place = line.item.at.slice(directory.length).replace(/:\d+$/, '');
  const why = line.reason === '' ? '' : `: ${line.reason}`;
  const destinations = escapeCell(`${lists.nameOf(row)}${why}`);
  const cells = [escapeCell(image), escapeCell(tags.join(', ')), linkTo(line, row), destinations];
  return `| ${cells.join(' | ')} | ${escapeCell(place)} |`;
}

/** The short digest, with a link to the image at its source. */
export function linkTo(
  { item }: ItemLine,
  { image, registries }: Pick<FoldedImage<ItemLine>, 'image' | 'registries'>,
): string {
  const digest = item.digest ?? '';
  const short = digest.replace(/^[a-z0-9]+:/, '').slice(0, 12);
  const target = `${sourceOf(item) ?? `${registries[0]}/${image}`}@${digest}`;
  return LINKABLE.test(target) ? `[${short}](https://${target})` : escapeCell(short);
}

/** A reference without characters that end a link. */
const LINKABLE = /^[\w.:/-]+@sha(?:256|512):[0-9a-f]+$/;

/** The deepest directory that holds all places, with its final slash. */
function commonDirectory(places: readonly string[]): string {
  const [first = '', ...others] = places.map((place) => place.slice(0, place.lastIndexOf('/') + 1));
  let common = first;
  for (const other of others) {
    while (!other.startsWith(common))
      common = common.slice(0, common.lastIndexOf('/', common.length - 2) + 1);
  }
  return common;
}

/** Counts the edges that do not fit, by image. */
export function countImages(
  hidden: readonly { readonly image: string; readonly registries: readonly string[] }[],
  room: CommentRoom,
): string[] {
  if (hidden.length === 0) return [];
  const edges = new Map<string, number>();
  for (const { image, registries } of hidden) edges.set(image, (edges.get(image) ?? 0) + registries.length);
  const counted: string[] = [];
  const own = room.part(MAX_COUNTED);
  let rest = 0;
  for (const [image, count] of edges) {
    const text = `${escapeCell(image)} ${count}`;
    if (own.take(`${text} `)) counted.push(text);
    else rest += count;
  }
  const more = edges.size - counted.length;
  const others = more === 0 ? '' : `, and ${countOf(rest, 'edge')} of ${countOf(more, 'other image')}`;
  return [`Not shown, in the JSON report (edges by image): ${counted.join(', ')}${others}.`];
}
