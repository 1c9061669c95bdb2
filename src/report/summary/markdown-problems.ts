import { countOf } from '../../base/text.ts';
import { needsAttention } from '../exit-code.ts';
import { withAdvice } from '../render-text.ts';
import { escapeCell } from '../render-table.ts';
import type { Report } from '../report.ts';
import type { FoldedItems, ItemLine } from './fold-items.ts';
import type { FoldedImage } from './fold-edges.ts';
import type { CommentRoom } from './comment-room.ts';
import { countImages, linkTo } from './markdown-images.ts';
import type { RegistryLists } from './registry-lists.ts';
import { causeText } from './cause-text.ts';
import { shortenDigests } from './style.ts';

/** Characters of the problems. */
const MAX_PROBLEMS = 14_000;
/** Number of code frames. */
const MAX_FRAMES = 10;

interface Parts extends FoldedItems {
  readonly room: CommentRoom;
  readonly lists: RegistryLists;
  readonly frameOf: ((at: string) => string | undefined) | undefined;
}

interface Problem {
  readonly text: string;
  readonly at: string;
  /** Unset: the problem is not of an image. */
  readonly image?: FoldedImage<ItemLine>;
}

/** Causes, malformed entries, findings and edges that need attention, with code frames of the manifests. */
export function problemSection(report: Report, { frameOf, room, ...parts }: Parts): string[] {
  const shown: string[] = [];
  const hidden: Problem[] = [];
  const own = room.part(MAX_PROBLEMS);
  let frames = 0;
  for (const problem of problemsOf(report, parts)) {
    const frame = frames < MAX_FRAMES ? frameOf?.(problem.at) : undefined;
    const text = frame === undefined ? `- ${problem.text}` : `- ${problem.text}\n${fenced(frame)}`;
    if (own.take(text)) {
      shown.push(text);
      if (frame !== undefined) frames += 1;
    } else hidden.push(problem);
  }
  if (shown.length + hidden.length === 0) return [];
  const others = hidden.filter(({ image }) => image === undefined).length;
  return [
    '### Problems',
    ...(shown.length > 0 ? [shown.join('\n')] : []),
    ...countImages(
      hidden.flatMap(({ image }) => image ?? []),
      room,
    ),
    ...(others > 0 ? [`… and ${countOf(others, 'more problem')} of other kinds, in the JSON report.`] : []),
  ];
}

function* problemsOf(
  report: Report,
  { images, malformed, audited, lists }: Omit<Parts, 'frameOf' | 'room'>,
): Generator<Problem> {
  for (const cause of report.causes ?? []) {
    const { word, text } = causeText(cause);
    yield { text: `**${word}** ${escapeCell(text)}`, at: '' };
  }
  for (const { decision, reason, at } of malformed) {
    yield { text: `**${decision}** ${escapeCell(`${at}: ${reason}`)}`, at };
  }
  yield* findingsOf(report, 'error');
  for (const image of images) {
    for (const line of image.lines) {
      if (needsAttention(line.item, report.mode))
        yield { text: describeLine(image, { line, lists }), at: line.item.at, image };
    }
  }
  for (const { item, text } of audited) {
    if (needsAttention(item, report.mode))
      yield { text: `**${item.decision}** ${escapeCell(shortenDigests(text))}`, at: item.at };
  }
  yield* findingsOf(report, 'warn');
}

function* findingsOf({ findings }: Report, wanted: 'warn' | 'error'): Generator<Problem> {
  for (const { level, rule, at, ...finding } of findings) {
    if (level !== wanted) continue;
    const place = at === '' ? '' : `${at}: `;
    yield { text: `**${level}** ${escapeCell(`${place}${withAdvice(finding)} [${rule}]`)}`, at };
  }
}

function describeLine(
  image: FoldedImage<ItemLine>,
  { line, lists }: { readonly line: ItemLine; readonly lists: RegistryLists },
): string {
  const { result, tag, reason, item } = line;
  const [only, second] = image.registries;
  const path = second === undefined ? `${only}/${image.image}` : image.image;
  const name = tag === null ? path : `${path}:${tag}`;
  const where = second === undefined ? '' : ` → ${lists.nameOf(image, 'destinations')}`;
  const place = item.at === '' ? '' : ` (${item.at})`;
  return `**${result}** ${escapeCell(name)} ${linkTo(line, image)}${where}: ${escapeCell(`${shortenDigests(reason)}${place}`)}`;
}

/** A code frame as a fenced block. */
function fenced(frame: string): string {
  const lines = frame.replaceAll('```', "'''").split('\n');
  return ['  ```', ...lines.map((line) => `  ${line}`), '  ```'].join('\n');
}
