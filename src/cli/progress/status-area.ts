import type { Stdio } from '../output/stdio.ts';

/** Where nothing says how wide the terminal is. */
const USUAL_COLUMNS = 80;

/**
 * Some lines at the bottom of a terminal that change, below text that stays. Each change is one write, and a line is
 * overwritten before what is left of it is erased: so nothing flickers. Without lines it passes text on as it is.
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

  /** Columns that a line may take; the last one is left free, where terminals differ in when they wrap. */
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

  /** Shows these lines in place of those before. */
  show(lines: readonly string[]): void {
    if (lines.length === 0) return this.clear();
    this.#err.write(`${this.#toTop()}${draw(lines)}\u001b[J`);
    this.#lines = lines;
  }

  clear(): void {
    if (this.#lines.length > 0) this.#err.write(`${this.#toTop()}\u001b[J`);
    this.#lines = [];
  }

  /** Back to where the lines begin. A terminal that has become narrower has wrapped them. */
  #toTop(): string {
    const columns = this.columns + 1;
    const rows = this.#lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
    return rows > 1 ? `\r\u001b[${rows - 1}A` : '\r';
  }
}

function draw(lines: readonly string[]): string {
  return lines.map((line) => `${line}\u001b[K`).join('\n');
}
