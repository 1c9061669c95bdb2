import type { Position } from '../base/position.ts';
import { escapeControls, maskPasswords } from '../base/text.ts';

const LINES_BEFORE = 2;
const LINES_AFTER = 1;
/** Of a longer line only the part around the column is shown. */
const MAX_LINE_CHARACTERS = 120;
/** How much of it stands before the column, when its start is cut off. */
const LEAD_CHARACTERS = 60;
/** How much of it stands after the column at least. */
const TRAIL_CHARACTERS = 20;
/** Characters around the shown part that may hold the rest of a password. */
const AROUND_CHARACTERS = 500;

/**
 * The lines around a place, numbered, with a caret below it. `lineText` gives a line by its number from 1, without its
 * line break, or undefined where the file has no such line.
 */
export function codeFrame(lineText: (line: number) => string | undefined, at: Position): string {
  const width = String(at.line + LINES_AFTER).length;
  const rows: string[] = [];
  for (let line = Math.max(1, at.line - LINES_BEFORE); line <= at.line + LINES_AFTER; line++) {
    const text = lineText(line);
    if (text === undefined) continue;
    const marker = line === at.line ? '>' : ' ';
    const start = windowStart(at.column);
    rows.push(`${marker} ${String(line).padStart(width)} | ${windowOf(text, start)}`.trimEnd());
    if (line === at.line) rows.push(`  ${' '.repeat(width)} | ${' '.repeat(caretColumn(text, at, start))}^`);
  }
  return rows.join('\n');
}

/** All lines of a frame are cut at the same column, so that they stay aligned. */
function windowStart(column: number): number {
  return column <= MAX_LINE_CHARACTERS - TRAIL_CHARACTERS ? 0 : column - 1 - LEAD_CHARACTERS;
}

function windowOf(text: string, start: number): string {
  const from = Math.max(0, start - AROUND_CHARACTERS);
  const around = maskPasswords(text.slice(from, start + MAX_LINE_CHARACTERS + AROUND_CHARACTERS));
  const cut = escapeControls(around.slice(start - from, start - from + MAX_LINE_CHARACTERS));
  const left = start > 0 && text.length > 0 ? '…' : '';
  return `${left}${cut}${text.length > start + MAX_LINE_CHARACTERS ? '…' : ''}`;
}

function caretColumn(text: string, at: Position, start: number): number {
  return escapeControls(text.slice(start, at.column - 1)).length + (start > 0 ? 1 : 0);
}
