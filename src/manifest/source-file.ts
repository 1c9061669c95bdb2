import type { Position } from '../base/position.ts';
import { escapeControls, maskPasswords } from '../base/text.ts';
import { codeFrame } from './code-frame.ts';
import type { Problem } from './model.ts';
import type { Fault } from './rules.ts';

/** Further problems have no frame: a file with millions of faults would need gigabytes of them. */
const MAX_FRAMES = 1_000;

/** The text of one file, or of a part of it, and the problems found in it so far. Offsets are UTF-16 code units from 0. */
export class SourceFile {
  readonly file: string;
  readonly text: string;
  readonly #lineStarts: readonly number[];
  readonly #firstLine: number;
  readonly #isPart: boolean;
  readonly #problems: Problem[] = [];
  readonly #reported = new Set<string>();

  /** `partFrom` is the line of the file, from 1, where the text begins. Unset: the text is the whole file. */
  constructor(file: string, text: string, partFrom?: number) {
    this.file = file;
    this.text = text;
    this.#lineStarts = startsOfLines(text);
    this.#firstLine = partFrom ?? 1;
    this.#isPart = partFrom !== undefined;
  }

  /** A part of whole lines, with positions in this file. Its problems have no frames. */
  part(start: number, end: number): SourceFile {
    return new SourceFile(this.file, this.text.slice(start, end), this.positionOf(start).line);
  }

  /** Adds the problems of a part of this file. */
  adopt(part: SourceFile): void {
    for (const { severity, rule, message, at } of part.problems)
      this.#add(severity, { rule, message }, this.offsetOf(at));
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  positionOf(offset: number): Position {
    const line = this.#lineOf(offset);
    return {
      file: this.file,
      line: line + this.#firstLine,
      column: offset - (this.#lineStarts[line] ?? 0) + 1,
    };
  }

  /** The offset of a position in this file: the inverse of `positionOf`. */
  offsetOf({ line, column }: Position): number {
    return (this.#lineStarts[line - this.#firstLine] ?? 0) + column - 1;
  }

  /** Adds an error. The same one again (an alias brings the reader back to the same text) is not added. */
  report(fault: Fault, offset: number): void {
    this.#add('error', fault, offset);
  }

  /** Adds a warning, likewise once. */
  warn(fault: Fault, offset: number): void {
    this.#add('warning', fault, offset);
  }

  #add(severity: Problem['severity'], { rule, message }: Fault, offset: number): void {
    const key = `${offset} ${rule} ${message}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    const at = this.positionOf(offset);
    const framed = this.text !== '' && !this.#isPart && this.#problems.length < MAX_FRAMES;
    const frame = framed ? codeFrame((line) => this.#lineText(line), at) : '';
    this.#problems.push({ severity, rule, message: escapeControls(maskPasswords(message)), at, frame });
  }

  /** The line of an offset, from 0. */
  #lineOf(offset: number): number {
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #lineText(line: number): string | undefined {
    const start = this.#lineStarts[line - 1];
    if (start === undefined) return undefined;
    const next = this.#lineStarts[line];
    if (next === undefined)
      return line > 1 && start === this.text.length ? undefined : this.text.slice(start);
    return this.text.slice(start, next).replace(/(?:\r\n|\r|\n)$/, '');
  }
}

function startsOfLines(text: string): readonly number[] {
  const starts = [0];
  for (const { 0: lineBreak, index } of text.matchAll(/\r\n|\r|\n/g)) starts.push(index + lineBreak.length);
  return starts;
}
