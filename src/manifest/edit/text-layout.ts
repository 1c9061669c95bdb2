import { isNull, type YamlEntry, type YamlNode, type YamlScalar } from '../yaml/yaml-tree.ts';

/** One change of a text: some characters from an offset on are replaced. */
export interface Splice {
  readonly at: number;
  readonly removed: number;
  readonly text: string;
}

/** Applies changes that do not overlap. Those at one place come in their order. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let done = 0;
  const pieces = splices
    .toSorted((a, b) => a.at - b.at)
    .map((splice) => {
      const before = text.slice(done, splice.at);
      done = splice.at + splice.removed;
      return before + splice.text;
    });
  return pieces.join('') + text.slice(done);
}

/** The line break that a text uses. */
export function lineBreakOf(text: string): '\n' | '\r\n' {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

export function startOfLine(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** The offset of the line break that ends the line, or of the end of the text. */
export function endOfLine(text: string, at: number): number {
  const lineFeed = text.indexOf('\n', at);
  if (lineFeed === -1) return text.length;
  return text[lineFeed - 1] === '\r' ? lineFeed - 1 : lineFeed;
}

/** The indentation of an offset: the text before it on its line, with blanks for other characters. */
export function indentationAt(text: string, at: number): string {
  return ' '.repeat(at - startOfLine(text, at));
}

/** True for a list in brackets or a map in braces. */
export function isFlow(text: string, { at }: YamlNode): boolean {
  return text[at] === '[' || text[at] === '{';
}

/** True for a value that is not written at all. */
export function isUnwritten({ key, value }: YamlEntry): boolean {
  return isNull(value) && value.at === key.at;
}

/** The offset behind the last character of a node. */
export function endOf(text: string, node: YamlNode): number {
  if (isFlow(text, node)) return endOfFlow(text, node.at);
  switch (node.kind) {
    case 'scalar':
      return endOfScalar(text, node);
    case 'list':
      return node.items.reduce((end, item) => Math.max(end, endOf(text, item)), node.at + 1);
    case 'map':
      return node.entries.reduce((end, entry) => Math.max(end, endOfEntry(text, entry)), node.at);
  }
}

/** The offset behind an entry of a map; behind its colon where it has no value. */
export function endOfEntry(text: string, entry: YamlEntry): number {
  return isUnwritten(entry) ? endOfKey(text, entry) : endOf(text, entry.value);
}

/** The offset behind the colon of a key. */
export function endOfKey(text: string, { key }: YamlEntry): number {
  const end = endOfScalar(text, key);
  const colon = text.indexOf(':', end);
  return colon === -1 ? end : colon + 1;
}

function endOfScalar(text: string, { at, value }: YamlScalar): number {
  const isQuoted = text[at] === '"' || text[at] === "'";
  return isQuoted ? endOfQuoted(text, at) : at + value.length;
}

/** Behind the closing quote. In single quotes a quote is written twice, which reads as two texts side by side. */
function endOfQuoted(text: string, at: number): number {
  const quote = text[at];
  for (let next = at + 1; next < text.length; next++) {
    if (text[next] === '\\' && quote === '"') next++;
    else if (text[next] === quote) return next + 1;
  }
  return text.length;
}

/** Behind the bracket that closes the one at an offset; quoted texts and comments are passed over. */
function endOfFlow(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"' || (character === "'" && /[\s[{,:]/.test(text.charAt(at - 1)))) {
      at = endOfQuoted(text, at) - 1;
    } else if (character === '#' && /\s/.test(text.charAt(at - 1))) {
      at = endOfLine(text, at);
    } else if ('[{'.includes(character)) {
      depth += 1;
    } else if (']}'.includes(character)) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}
