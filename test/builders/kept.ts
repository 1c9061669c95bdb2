import type { PromotionReport, RunReport } from '../../src/report/report.ts';

/** A report of a run with all of its items at hand. */
export function kept(report: RunReport): PromotionReport {
  return { ...report, items: Array.from(report.items) };
}
