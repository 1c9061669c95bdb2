import { escapeCode, escapeMarkdown, oneLine } from './text.ts';

const REDACTED = 'REDACTED';

/** Minimum characters of a secret: shorter ones look like ordinary words. */
const LEAST = 6;
/** A secret of fewer characters is one only where no letter or digit stands next to it. */
const SHORT = 8;
/** A number of fewer digits may as well be a size or a time. */
const LEAST_DIGITS = 12;
/** Longer ones are tokens: there are thousands, and they have few spellings. */
const LONG = 128;
/** Characters by which spellings are found. */
const LEAD = 4;

/** The secrets that a run has used. All output must pass `redact`, because servers may repeat them. */
export class Secrets {
  readonly #known = new Set<string>();
  /** By their first characters. */
  readonly #spellings = new Map<string, Set<string>>();
  /** True at the pairs of characters that a spelling begins with: nearly all of a text is passed over by it. */
  readonly #pairs = new Uint8Array(1 << 16);

  add(secret: string): void {
    const isNumber = secret.length < LEAST_DIGITS && /^\d*$/.test(secret);
    if (secret.length < LEAST || isNumber || this.#known.has(secret)) return;
    this.#known.add(secret);
    for (const spelling of spellingsOf(secret)) {
      const lead = spelling.slice(0, LEAD);
      this.#spellings.set(lead, (this.#spellings.get(lead) ?? new Set()).add(spelling));
      this.#pairs[((lead.charCodeAt(0) << 8) ^ lead.charCodeAt(1)) & 0xffff] = 1;
    }
  }

  /** A text without these secrets, as they are or encoded, whole or cut off before an ellipsis. */
  redact(text: string): string {
    if (this.#known.size === 0) return text;
    const pairs = this.#pairs;
    let redacted = '';
    let from = 0;
    let before = 0;
    for (let end = 0; end < text.length; end++) {
      const last = text.charCodeAt(end);
      const mayBegin = pairs[((before << 8) ^ last) & 0xffff] === 1;
      before = last;
      const length = mayBegin && end > from ? this.#lengthAt(text, end - 1) : 0;
      if (length === 0) continue;
      redacted += text.slice(from, end - 1) + REDACTED;
      from = end - 1 + length;
    }
    return from === 0 ? text : redacted + text.slice(from);
  }

  /** Of the longest secret that stands there, 0 for none. */
  #lengthAt(text: string, at: number): number {
    let longest = 0;
    for (const spelling of this.#spellings.get(text.slice(at, at + LEAD)) ?? []) {
      const length = commonLength(text, at, spelling);
      const isWhole = length === spelling.length && (length >= SHORT || isWord(text, at, length));
      const isCut = length >= LEAST && text[at + length] === '…';
      if (isWhole || isCut) longest = Math.max(longest, length);
    }
    return longest;
  }
}

function commonLength(text: string, at: number, spelling: string): number {
  if (text.startsWith(spelling, at)) return spelling.length;
  let length = LEAD;
  while (text[at + length] === spelling[length]) length++;
  return length;
}

function isWord(text: string, at: number, length: number): boolean {
  return !/\w/.test(text.charAt(at - 1)) && !/\w/.test(text.charAt(at + length));
}

/** The forms in which a secret may come back: encoded by a server, then escaped by its output. */
function spellingsOf(secret: string): ReadonlySet<string> {
  if (secret.length > LONG) {
    const inUrl = encodeURIComponent(wellFormed(secret));
    return new Set([secret, inUrl, secret.toLowerCase(), ...inMarkdown(secret)]);
  }
  const bytes = Buffer.from(secret);
  // characters beyond ASCII in a header are read as bytes, or are invalid UTF-8
  const plain = [secret, bytes.toString('latin1'), secret.replace(/[\u0080-\u00ff]/g, '\ufffd')];
  const encoded = [...base64Of(bytes), bytes.toString('hex')];
  const written = [...plain, ...encoded].flatMap((text) => [text, ...inUrls(text)]);
  const spelled = written.flatMap(escapesOf).filter((text) => text.length >= LEAST);
  return new Set([...spelled, ...spelled.map((text) => text.toLowerCase())]); // hosts and media types become small
}

/** Base64 of the secret alone, and the part of it that is the same within any text. */
function base64Of(bytes: Buffer): readonly string[] {
  const within = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  const all = [bytes.toString('base64'), ...within];
  return [...all, ...all.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** Characters that no encoding and no escaping changes. */
const HARMLESS = /^[\w.-]*$/;

function inUrls(text: string): readonly string[] {
  if (HARMLESS.test(text)) return [];
  const component = encodeURIComponent(wellFormed(text));
  const url = new URL('http://x');
  url.pathname = `/${text}`;
  url.search = text;
  const form = new URLSearchParams({ x: text }).toString().slice(2);
  const all = [component, form, url.pathname.slice(1), url.search.slice(1)];
  return [...all, ...all.map(withSmallHex)];
}

/** Without halves of characters, which cannot be encoded. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function withSmallHex(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

/** As it stands in a line, in JSON within JSON within JSON, and in Markdown. */
function escapesOf(text: string): readonly string[] {
  if (HARMLESS.test(text)) return [text, ...inMarkdown(text)];
  return [text, oneLine(text, Infinity)].flatMap((shown) => {
    const once = inJson(shown);
    const twice = inJson(once);
    return [shown, once, twice, inJson(twice)].flatMap((written) => [written, ...inMarkdown(written)]);
  });
}

/** In a table, and as code. */
function inMarkdown(text: string): readonly string[] {
  return [escapeMarkdown(text), escapeCode(text)];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
