// What reads or writes plan files, reads reports and allow-lists, and `cip mm`, as one lazy import (see `runs.ts`): it loads zod and
// semver, which takes longer than reading most manifests.
export { openPlanOutput } from '../../output/write-plan.ts';
export { runMerge } from './run-mm.ts';
export { runAudit } from './run-audit.ts';
export { runApply } from './run-apply.ts';
export { runReportMerge } from './run-report-merge.ts';
export { runShow } from './run-show.ts';
