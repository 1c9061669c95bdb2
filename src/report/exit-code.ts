import type { Report, ReportItem } from './report.ts';
import { unsignedIn } from './signing.ts';

/** The counts of a summary that make a run fail. */
const FAILURES = [
  'tag-move',
  'conflict',
  'invalid',
  'unreadable',
  'blocked',
  'failed',
  'not-attempted',
  'missing',
  'different',
  'incomplete',
  'not-checked',
  'unknown-tag',
  'unknown-digest',
  'unknown-repository',
  'unsigned',
  'partial',
  'unattested',
  'other-identity',
  'refused',
  'uncarried',
] as const;

type Counts = Readonly<Partial<Record<(typeof FAILURES)[number] | 'lost', number>>>;

/**
 * 0 if everything wanted is at its destination and signed where that was asked for, or in a dry run would be; 1 if something
 * is not, or the run was stopped before it knew. `allowLost` tolerates lost images.
 */
export function exitCodeOf(report: Report, { allowLost }: { readonly allowLost: boolean }): 0 | 1 {
  const { findings, summary, stopped } = report;
  const counts: Counts = summary;
  const failures = FAILURES.some((name) => (counts[name] ?? 0) > 0);
  const lost = !allowLost && (counts.lost ?? 0) > 0;
  const errors = findings.some(({ level }) => level === 'error');
  return failures || lost || errors || stopped || unsignedIn(report) > 0 ? 1 : 0;
}

/** True for an edge or entry that is not as the manifests want it, and for a write that a promotion did not do. */
export function needsAttention(item: ReportItem, mode: Report['mode']): boolean {
  if (item.decision === 'copy' || item.decision === 'add-tag') {
    return mode === 'promotion' && item.outcome !== 'copied';
  }
  return !GOOD.has(item.decision);
}

const GOOD: ReadonlySet<ReportItem['decision']> = new Set(['present', 'repaired', 'allowed', 'signed']);
