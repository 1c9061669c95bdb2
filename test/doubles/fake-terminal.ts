import { Writable } from 'node:stream';

/** A control with one number, or a character. */
// oxlint-disable-next-line no-control-regex -- control characters are what it is for
const TOKEN = /\u001b\[(\d*)([A-Z])|[\s\S]/gu;

/** A terminal that shows what somebody would see on it: text, wrapping, `\r`, `\n`, and the controls of a status area. */
export class FakeTerminal extends Writable {
  readonly isTTY = true;
  columns: number;
  /** How often it was written to. */
  writes = 0;
  #rows: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(columns = 80) {
    super({ decodeStrings: false });
    this.columns = columns;
  }

  /** What is on it, without trailing spaces and empty rows at the end. */
  get screen(): string[] {
    const rows = this.#rows.map((row) => row.trimEnd());
    return rows.slice(0, rows.findLastIndex((row) => row !== '') + 1);
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.writes += 1;
    for (const [token, count, name] of text.matchAll(TOKEN)) {
      if (name === undefined) this.#take(token);
      else this.#control(name, Number(count || 1));
    }
    done();
  }

  #take(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#feed();
    else this.#put(character);
  }

  #control(name: string, count: number): void {
    const rest = (this.#rows[this.#row] ?? '').slice(0, this.#column);
    if (name === 'A') this.#row = Math.max(0, this.#row - count);
    else if (name === 'K') this.#rows[this.#row] = rest;
    else if (name === 'J') this.#rows.splice(this.#row, this.#rows.length, rest);
    else throw new Error(`a control that this terminal does not know: ${name}`);
  }

  #put(character: string): void {
    if (this.#column >= this.columns) this.#feed();
    const row = (this.#rows[this.#row] ?? '').padEnd(this.#column);
    this.#rows[this.#row] = row.slice(0, this.#column) + character + row.slice(this.#column + 1);
    this.#column += 1;
  }

  #feed(): void {
    this.#row += 1;
    this.#column = 0;
    this.#rows[this.#row] ??= '';
  }
}
