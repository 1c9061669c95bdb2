import { ExchangeError, invalid } from './exchange-error.ts';

const MAX_KIBIBYTES = 256;
/** Bytes: Artifact Registry has sent 21 KB. One header may have all but the last KiB. */
const MAX_BYTES = (MAX_KIBIBYTES + 1) * 1024;

const END = '\r\n\r\n';
const BEGIN = 'HTTP/';

/** Finds the head of a response in pieces of any size. Interim responses count with the response that they precede. */
export class HeadReader {
  readonly #parts: string[] = [];
  /** The last characters of the parts, in which the end may begin. */
  #tail = '';
  #size = 0;

  /** For the next response. */
  reset(): void {
    this.#parts.length = 0;
    this.#tail = '';
    this.#size = 0;
  }

  /**
   * Takes the bytes from `start` on. Returns the text of the head without its empty line, and the position after it;
   * undefined if more bytes are needed. Throws `ExchangeError` for a head that is too long or will not become valid.
   */
  take(input: Buffer, start: number): { readonly text: string; readonly next: number } | undefined {
    if (this.#parts.length > 0) return this.#takePart(input, start);
    checkBegin(input.toString('latin1', start, start + BEGIN.length));
    const end = input.indexOf(END, start, 'latin1');
    if (end === -1) return this.#takePart(input, start);
    this.#count(end - start);
    return { text: input.toString('latin1', start, end), next: end + END.length };
  }

  #takePart(input: Buffer, start: number): { readonly text: string; readonly next: number } | undefined {
    const part = input.toString('latin1', start, start + MAX_BYTES);
    const searched = this.#tail + part;
    if (this.#size < BEGIN.length) checkBegin(this.#parts.join('') + part);
    const end = searched.indexOf(END);
    const used = end === -1 ? part.length : end + END.length - this.#tail.length;
    this.#count(used);
    if (end === -1) {
      if (HALF_LINE_END.test(searched)) throw invalid(HALF_LINE_END_REASON);
      this.#parts.push(part);
      this.#tail = searched.slice(1 - END.length);
      return undefined;
    }
    const text = this.#parts.join('') + part.slice(0, used);
    this.#parts.length = 0;
    this.#tail = '';
    return { text: text.slice(0, -END.length), next: start + used };
  }

  #count(bytes: number): void {
    this.#size += bytes;
    if (this.#size > MAX_BYTES)
      throw new ExchangeError('long-head', `the headers of its answer have more than ${MAX_KIBIBYTES} KiB`);
  }
}

const HALF_LINE_END = /[^\r]\n|\r[^\n]/;
export const HALF_LINE_END_REASON = 'a line of its headers does not end with CR and LF';

function checkBegin(text: string): void {
  const begin = text.slice(0, BEGIN.length);
  if (BEGIN.startsWith(begin)) return;
  const isTls = begin.charCodeAt(0) >= 0x14 && begin.charCodeAt(0) <= 0x17 && begin.charCodeAt(1) === 3;
  throw new ExchangeError(isTls ? 'tls' : 'not-http', 'it does not begin with HTTP/');
}
