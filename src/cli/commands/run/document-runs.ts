// What reads or writes plan files and reads reports, `cip mm` and the auditor, as one lazy import (see `runs.ts`): it loads zod and
// semver, which takes longer than reading most manifests.
export { openPlanOutput } from '../../output/write-plan.ts';
export { runAuditServe } from './run-audit-serve.ts';
export { runMerge } from './run-mm.ts';
export { runApply } from './run-apply.ts';
export { runReportMerge } from './run-report-merge.ts';
export { runShow } from './run-show.ts';
