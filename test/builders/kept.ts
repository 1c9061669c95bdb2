import type { Report, RunReport } from '../../src/report/report.ts';

/** A report of a run with all of its items at hand. */
export function kept(report: RunReport): Report {
  return { ...report, items: Array.from(report.items) };
}
