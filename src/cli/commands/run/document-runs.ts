// What reads or writes plan files and reads reports, and `cip mm`, as one lazy import (see `runs.ts`): it loads zod and
// semver, which takes longer than reading most manifests.
export { openPlanOutput } from '../../output/write-plan.ts';
export { reviewChanges } from './review-changes.ts';
export { runReview } from './run-review.ts';
export { runMerge } from './run-mm.ts';
export { runApply } from './run-apply.ts';
export { runReportMerge } from './run-report-merge.ts';
export { runShow } from './run-show.ts';
