import type { ReportItem } from '../report.ts';

/**
 * The reason of an item for people. Reports, and logs of the format `legacy`, have the words of the original, which
 * scripts search for; empty for an ordinary write.
 */
export function plainReason({
  decision,
  digest,
  reason,
}: Pick<ReportItem, 'decision' | 'digest' | 'reason'>): string {
  if (decision === 'copy' || decision === 'add-tag') return ORDINARY.has(reason) ? '' : reason;
  if (decision === 'lost') {
    const [, where = 'the source', why = 'wrong digest, wrong image name, or deleted'] =
      LOST.exec(reason) ?? [];
    return `not found at ${where}: ${digest} (${why})`;
  }
  if (decision === 'tag-move') {
    const found = MOVED.exec(reason)?.[1];
    return found === undefined ? reason : `the tag is ${found}, not moved`;
  }
  return decision === 'conflict'
    ? reason.replace('the same dst tag is wanted for', 'the same tag is wanted for')
    : reason;
}

/** Texts of `explainItem`. */
const ORDINARY: ReadonlySet<string> = new Set([
  'regular promotion (neither digest nor tag exists in dst)',
  'digest already exists in dst, but does not have the tag we want',
]);
const LOST = /^_LOST_: the digest is neither in dst nor in (.*?)(?: \((.*)\))?$/;
const MOVED = / in dst points to (\S+), not /;
