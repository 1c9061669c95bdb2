import type { ReportFinding } from '../envelope.ts';
import type { Audit, AllowanceUse } from './audit.ts';

/** The findings on an allow-list: entries that have expired, and entries that nothing in production needs. */
export function findAllowanceFaults(
  allowances: readonly AllowanceUse[],
  {
    isWhole,
  }: {
    /** False where unread content, or that of another shard, may need an entry. */ readonly isWhole: boolean;
  },
): readonly ReportFinding[] {
  return allowances.flatMap(({ at, entry, expires, isExpired, uses }): readonly ReportFinding[] => {
    const finding = { level: 'error', at, edges: [] } as const;
    if (isExpired) {
      const message = `the entry ${entry} expired on ${expires} and no longer allows anything`;
      return [{ ...finding, rule: 'audit-allow-expired', message, advice: EXPIRED_ADVICE }];
    }
    if (!isWhole || uses > 0) return [];
    const message = `nothing in production needs the entry ${entry}`;
    return [{ ...finding, rule: 'audit-allow-unused', message, advice: 'remove it' }];
  });
}

const EXPIRED_ADVICE = 'remove it, or give it a later date';

/** Whether an audit, or a shard of it, has judged all of its content. */
export function isComplete({
  stopped,
  summary,
  findings,
}: Pick<Audit, 'stopped' | 'summary' | 'findings'>): boolean {
  const isUnlisted = findings.some(({ rule, level }) => rule === 'audit-unlisted' && level === 'error');
  return !stopped && !isUnlisted && summary.unreadable === 0 && summary.invalid === 0;
}

/** The allow-list of all shards, which have read the same file. */
export function mergeAllowances(shards: readonly (readonly AllowanceUse[])[]): readonly AllowanceUse[] {
  const [first = [], ...others] = shards;
  return first.map((allowance, index) => {
    const more = others.reduce((sum, list) => sum + (list[index]?.uses ?? 0), 0);
    return { ...allowance, uses: allowance.uses + more };
  });
}
