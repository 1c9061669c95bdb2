import { escapeControls } from './text.ts';

/** A place in a file that a person wrote. */
export interface Position {
  /** Path relative to the manifest directory (thin) or as given on the command line (plain). */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** `file:line:column` on one line, whatever the file is called. */
export function formatPosition(position: Position): string {
  return `${escapeControls(position.file)}:${position.line}:${position.column}`;
}
