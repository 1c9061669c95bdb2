/** The format of lines for a terminal or a file. */
export interface Style {
  /** Width of the terminal. Unset: lines are not wrapped. */
  readonly columns: number | undefined;
  readonly colours: boolean;
  readonly shortDigests: boolean;
}

/** For files and pipes. */
export const PLAIN_STYLE: Style = { columns: undefined, colours: false, shortDigests: false };

export type Level = 'info' | 'warning' | 'error';

const SGR = { info: 32, warning: 33, error: 31 } as const;

export function paint(text: string, level: Level, { colours }: Style): string {
  return colours ? `\u001b[${SGR[level]}m${text}\u001b[0m` : text;
}

/** Cuts digests to 12 digits, like docker. */
export function shortenDigests(text: string): string {
  return text.replace(/\b(sha(?:256|512):[0-9a-f]{12})[0-9a-f]{52,}/g, '$1');
}

/** Wraps a line between words and indents all lines but the first. Longer words are not broken. */
export function wrap(text: string, columns: number | undefined, indent: string): string {
  if (columns === undefined || text.length <= columns) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= columns || line.trim() === '') line = longer;
    else {
      lines.push(line);
      line = `${indent}${word}`;
    }
  }
  return [...lines, line].join('\n');
}
