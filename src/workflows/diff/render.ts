import { assertNever } from '../../base/errors.ts';
import { renderPage } from '../../report/html/render-page.ts';
import { renderMarkdownTable } from '../../report/render-table.ts';
import type { Difference } from './compare.ts';
import type { DiffCounter } from './compare.ts';
import { makeDiffPage } from './diff-page.ts';

export type DiffFormat = 'text' | 'json' | 'markdown' | 'html';

export const DIFF_FORMATS: readonly DiffFormat[] = ['text', 'json', 'markdown', 'html'];

export interface DiffTitles {
  readonly a: string;
  readonly b: string;
}

export interface Rendering {
  readonly format: DiffFormat;
  readonly titles: DiffTitles;
  /** Counts the differences before they are rendered. */
  readonly counter: DiffCounter;
  /** Called at the end: false if a part could not be compared, so that the sides may differ. */
  readonly isComplete: () => boolean;
}

/** The text of a comparison, difference by difference. Equal sides give an empty text, as in `diff`. */
export function renderDiff(
  differences: AsyncIterable<Difference>,
  rendering: Rendering,
): AsyncGenerator<string, void, undefined> {
  switch (rendering.format) {
    case 'text':
      return renderText(differences, rendering.titles);
    case 'json':
      return renderJson(differences, rendering);
    case 'markdown':
      return renderMarkdown(differences, rendering);
    case 'html':
      return renderHtml(differences, rendering);
    default:
      return assertNever(rendering.format);
  }
}

async function* renderText(
  differences: AsyncIterable<Difference>,
  { a, b }: DiffTitles,
): AsyncGenerator<string, void, undefined> {
  let header = `--- ${a}\n+++ ${b}\n`;
  for await (const difference of differences) {
    yield `${header}${textLine(difference)}\n`;
    header = '';
  }
}

function textLine(difference: Difference): string {
  switch (difference.kind) {
    case 'only-in-a':
      return `- ${difference.image}@${difference.digest}${tagList(difference.tags)}`;
    case 'only-in-b':
      return `+ ${difference.image}@${difference.digest}${tagList(difference.tags)}`;
    case 'tag':
      return `~ ${difference.image}:${difference.tag} ${difference.a ?? 'none'} -> ${difference.b ?? 'none'}`;
    default:
      return assertNever(difference);
  }
}

function tagList(tags: readonly string[]): string {
  return tags.length === 0 ? '' : ` [${tags.join(', ')}]`;
}

async function* renderJson(
  differences: AsyncIterable<Difference>,
  { titles, counter, isComplete }: Rendering,
): AsyncGenerator<string, void, undefined> {
  const { a, b } = titles;
  yield `{\n  "version": 1,\n  "a": ${JSON.stringify(a)},\n  "b": ${JSON.stringify(b)},\n  "differences": [`;
  let separator = '\n';
  for await (const difference of differences) {
    yield `${separator}    ${JSON.stringify(jsonOf(difference))}`;
    separator = ',\n';
  }
  const { counts, isEqual } = counter;
  const summary = {
    equal: isEqual && isComplete(),
    complete: isComplete(),
    onlyInA: counts['only-in-a'],
    onlyInB: counts['only-in-b'],
    tags: counts.tag,
  };
  yield `${separator === '\n' ? '' : '\n  '}],\n  "summary": ${JSON.stringify(summary)}\n}\n`;
}

/** The digest of a side without the tag is null, not left out. */
function jsonOf(difference: Difference): unknown {
  if (difference.kind !== 'tag') return difference;
  return { ...difference, a: difference.a ?? null, b: difference.b ?? null };
}

/** A comment on a pull request has at most 65,536 characters. */
const MAX_TABLE_CHARACTERS = 50_000;

async function* renderMarkdown(
  differences: AsyncIterable<Difference>,
  { titles, counter, isComplete }: Rendering,
): AsyncGenerator<string, void, undefined> {
  const rows: (readonly string[])[] = [];
  let left = MAX_TABLE_CHARACTERS;
  let hidden = 0;
  for await (const difference of differences) {
    const row = markdownRow(difference);
    left -= row.reduce((sum, cell) => sum + cell.length + 3, 2);
    if (left >= 0) rows.push(row);
    else hidden += 1;
  }
  const { counts, isEqual } = counter;
  yield `## ${isEqual ? 'No differences' : 'Differences'}${isComplete() ? '' : ' in the compared part'}\n\n`;
  yield `${renderMarkdownTable({
    header: ['', 'side', 'digests only here'],
    rows: [
      ['A', titles.a, counts['only-in-a']],
      ['B', titles.b, counts['only-in-b']],
    ],
  })}\n`;
  if (rows.length > 0) yield `\n${renderMarkdownTable({ header: ['image', 'A', 'B'], rows })}\n`;
  if (hidden > 0) yield `\n… and ${hidden} more, in the JSON output.\n`;
}

function markdownRow(difference: Difference): readonly string[] {
  switch (difference.kind) {
    case 'only-in-a':
      return [`${difference.image}@${difference.digest}`, tagsCell(difference.tags), '–'];
    case 'only-in-b':
      return [`${difference.image}@${difference.digest}`, '–', tagsCell(difference.tags)];
    case 'tag':
      return [`${difference.image}:${difference.tag}`, difference.a ?? '–', difference.b ?? '–'];
    default:
      return assertNever(difference);
  }
}

function tagsCell(tags: readonly string[]): string {
  return tags.length === 0 ? 'untagged' : tags.join(', ');
}

async function* renderHtml(
  differences: AsyncIterable<Difference>,
  { isComplete, ...rendering }: Rendering,
): AsyncGenerator<string, void, undefined> {
  const all: Difference[] = [];
  for await (const difference of differences) all.push(difference);
  yield* renderPage(makeDiffPage(all, { ...rendering, isComplete: isComplete() }));
}
