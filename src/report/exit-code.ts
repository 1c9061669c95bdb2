import type { RunReport } from './report.ts';

/**
 * 0 when everything wanted is there, or in a dry run would be; 1 when something is not, or nobody knows because the run
 * was stopped. `allowLost` lets lost images pass.
 */
export function exitCodeOf(
  { findings, summary, stopped }: RunReport,
  options: { readonly allowLost: boolean },
): 0 | 1 {
  const bad =
    findings.filter(({ level }) => level === 'error').length +
    summary['tag-move'] +
    summary.conflict +
    summary.invalid +
    summary.unreadable +
    summary.blocked +
    summary.failed +
    summary['not-attempted'] +
    (options.allowLost ? 0 : summary.lost);
  return bad === 0 && !stopped ? 0 : 1;
}
