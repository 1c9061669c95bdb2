import { sortedBy } from '../../base/sorted.ts';
import type { ReportFinding } from '../envelope.ts';
import type { Report } from '../report.ts';
import { findAllowanceFaults, isComplete, mergeAllowances } from './allowances.ts';
import type { Audit } from './audit.ts';

/** The fields of a merged report that audits alone have; none for reports of another kind. */
export function mergeAudits(
  reports: readonly Report[],
): Partial<Pick<Audit, 'allowances' | 'sinceSnapshot'>> {
  const audits = auditsIn(reports);
  if (audits.length === 0) return {};
  const sinceSnapshot = sortedBy(
    audits.flatMap((audit) => audit.sinceSnapshot ?? []),
    ({ destination }) => destination,
  );
  return {
    allowances: mergeAllowances(audits.map((audit) => audit.allowances)),
    ...(audits.some((audit) => audit.sinceSnapshot !== undefined) && { sinceSnapshot }),
  };
}

/** Entries of the allow-list that no shard needs: a single shard cannot tell. */
export function findMergedFaults(reports: readonly Report[]): readonly ReportFinding[] {
  const audits = auditsIn(reports);
  const isWhole = audits.every(isComplete);
  return findAllowanceFaults(mergeAllowances(audits.map((audit) => audit.allowances)), { isWhole });
}

function auditsIn(reports: readonly Report[]): readonly Audit[] {
  return reports.filter((report) => report.mode === 'audit');
}
