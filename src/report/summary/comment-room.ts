/**
 * Characters of a report in Markdown: a comment on a pull request holds 65,536, and its author adds a marker and a link.
 */
export const MAX_COMMENT = 65_000;

/** Characters of headings, table headers and summaries, which always have room. */
const FRAME = 3_000;

/** The room that the sections of a comment share. A section takes lines while they fit, and counts the others. */
export class CommentRoom {
  readonly #whole: CommentRoom | undefined;
  #left: number;

  constructor(characters = MAX_COMMENT - FRAME, whole?: CommentRoom) {
    this.#left = characters;
    this.#whole = whole;
  }

  /** The room of one section: at most `characters` of what is left. */
  part(characters: number): CommentRoom {
    return new CommentRoom(characters, this);
  }

  /** Takes the room of a line. False, and nothing taken, where it does not fit. */
  take(line: string): boolean {
    const length = line.length + 1;
    if (length > this.#left || this.#whole?.take(line) === false) return false;
    this.#left -= length;
    return true;
  }
}
