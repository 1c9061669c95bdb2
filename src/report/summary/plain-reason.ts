import type { ReportItem } from '../report.ts';

/**
 * The reason of an item in plain words; empty for a regular write. The JSON report and `-log-format=legacy` keep the
 * words of earlier versions, because scripts search for them.
 */
export function plainReason({
  decision,
  digest,
  reason,
}: Pick<ReportItem, 'decision' | 'digest' | 'reason'>): string {
  if (decision === 'copy' || decision === 'add-tag') return REGULAR.has(reason) ? '' : reason;
  if (decision === 'lost') return plainLoss(reason, digest);
  if (decision === 'conflict')
    return reason.replace('the same dst tag is wanted for', 'the same tag is wanted for');
  const found = decision === 'tag-move' ? MOVED.exec(reason)?.[1] : undefined;
  return found === undefined ? reason : `the tag is ${found}, not moved`;
}

/** Texts of `explainItem`. */
const REGULAR: ReadonlySet<string> = new Set([
  'regular promotion (neither digest nor tag exists in dst)',
  'digest already exists in dst, but does not have the tag we want',
]);
const LOST = '_LOST_: the digest is neither in dst nor in ';
const MOVED = / in dst points to (\S+), not /;

/** The reason names the sources; a possible cause follows in parentheses. */
function plainLoss(reason: string, digest: string | null): string {
  if (!reason.startsWith(LOST)) return reason;
  const rest = reason.slice(LOST.length);
  const open = rest.indexOf(' (');
  const [where, why] =
    open === -1
      ? [rest, 'wrong digest, wrong image name, or deleted']
      : [rest.slice(0, open), rest.slice(open + ' ('.length, -')'.length)];
  return `not found at ${where}: ${digest} (${why})`;
}
