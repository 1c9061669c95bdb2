/**
 * Characters of a report in Markdown: a comment on a pull request holds 65,536, and its author adds a marker and a link.
 */
export const MAX_COMMENT = 65_000;
