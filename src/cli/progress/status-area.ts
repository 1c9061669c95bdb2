import type { Stdio } from '../output/stdio.ts';

/** For a terminal of unknown width. */
const USUAL_COLUMNS = 80;

/**
 * Changing lines at the bottom of a terminal, below text that stays. Each change is one write, and a line is overwritten
 * before its rest is erased, so nothing flickers. Without lines, text is passed on unchanged.
 */
export class StatusArea {
  readonly #err: Stdio['err'];
  #lines: readonly string[] = [];

  constructor(err: Stdio['err']) {
    this.#err = err;
  }

  get isTerminal(): boolean {
    return this.#err.isTTY === true;
  }

  /** Columns of a line. The last column is left free, because terminals differ in when they wrap. */
  get columns(): number {
    return (this.#err.columns || USUAL_COLUMNS) - 1;
  }

  get backlog(): number {
    return this.#err.backlog ?? 0;
  }

  /** Writes text above the lines. It ends with a newline. */
  write(text: string): void {
    if (this.#lines.length === 0) this.#err.write(text);
    else this.#err.write(`${this.#toTop()}\u001b[J${text}${draw(this.#lines)}`);
  }

  /** Replaces the lines. */
  show(lines: readonly string[]): void {
    if (lines.length === 0) return this.clear();
    this.#err.write(`${this.#toTop()}${draw(lines)}\u001b[J`);
    this.#lines = lines;
  }

  clear(): void {
    if (this.#lines.length > 0) this.#err.write(`${this.#toTop()}\u001b[J`);
    this.#lines = [];
  }

  /** Moves to the first line. A terminal that became narrower has wrapped the lines. */
  #toTop(): string {
    const columns = this.columns + 1;
    const rows = this.#lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
    return rows > 1 ? `\r\u001b[${rows - 1}A` : '\r';
  }
}

function draw(lines: readonly string[]): string {
  return lines.map((line) => `${line}\u001b[K`).join('\n');
}
