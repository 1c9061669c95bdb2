import { type CommittedFile, HistoryError } from '../../ports/history.ts';

/** Answers of `git cat-file --batch --follow-symlinks` about a link that leads to no file: its text follows. */
const BROKEN_LINKS: ReadonlySet<string> = new Set(['symlink', 'dangling', 'loop', 'notdir']);

/**
 * The files in the output of `git cat-file --batch`, by the path that was asked for. Throws a `HistoryError` for
 * output that ends early.
 */
export function parseBatch(output: Buffer, paths: readonly string[]): ReadonlyMap<string, CommittedFile> {
  const files = new Map<string, CommittedFile>();
  let at = 0;
  for (const path of paths) {
    const end = output.indexOf('\n', at);
    if (end === -1) throw truncated();
    const header = output.toString('utf8', at, end);
    at = end + 1;
    if (/ (?:missing|ambiguous)$/.test(header)) continue;
    const [id = '', second = '', third] = header.split(' ');
    const isLink = BROKEN_LINKS.has(id);
    const size = Number(isLink ? second : third);
    if (!Number.isSafeInteger(size) || at + size >= output.length) throw truncated();
    if (!isLink && second === 'blob') files.set(path, { id, bytes: output.subarray(at, at + size) });
    at += size + 1; // a line break ends each answer
  }
  return files;
}

function truncated(): HistoryError {
  return new HistoryError('failed', 'the output of git cat-file is incomplete: run it again');
}
