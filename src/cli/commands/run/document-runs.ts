// What reads or writes plan files and reports, `cip mm`, and what few runs need, as one lazy import (see `runs.ts`):
// it loads zod and semver, which takes longer than reading most manifests.
export { openPlanOutput } from '../../output/write-plan.ts';
export { printAnnotations } from '../../output/run-remarks.ts';
export { runLint } from './run-lint.ts';
export { runMerge } from './run-mm.ts';
export { runApply } from './run-apply.ts';
export { runReportMerge } from './run-report-merge.ts';
export { runShow } from './run-show.ts';
