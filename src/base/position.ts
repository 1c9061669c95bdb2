/** A place in a file that a person wrote. */
export interface Position {
  /** Path relative to the manifest directory (thin) or as given on the command line (plain). */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

export function formatPosition(position: Position): string {
  return `${position.file}:${position.line}:${position.column}`;
}
