// What reads or writes plan files and reads reports, `cip mm` and reviews, as one lazy import (see `runs.ts`): it loads zod
// and semver, which takes longer than reading most manifests. `cip init`, which is run once, is here for the start of others.
export { openPlanOutput } from '../../output/write-plan.ts';
export { reviewChanges } from './review-changes.ts';
export { runReview } from './run-review.ts';
export { runInit } from './run-init.ts';
export { runMerge } from './run-mm.ts';
export { runApply } from './run-apply.ts';
export { runReportMerge } from './run-report-merge.ts';
export { runShow } from './run-show.ts';
