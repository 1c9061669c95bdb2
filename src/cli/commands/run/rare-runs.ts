// Code that a promotion rarely needs, as one lazy import (see `runs.ts`). Loading zod and semver takes longer than reading
// most manifests.
export { openPlanOutput } from '../../output/write-plan.ts';
export { printAnnotations } from '../../output/run-remarks.ts';
export { runMerge } from './run-mm.ts';
export { reviewChanges } from './review-changes.ts';
export { runReview } from './run-review.ts';
export { runPullRequest } from './run-pr.ts';
export { runAuditServe } from './run-audit-serve.ts';
export { runAudit } from './run-audit.ts';
export { runSigcheck } from './run-sigcheck.ts';
export { runApply } from './run-apply.ts';
export { runReportMerge } from './run-report-merge.ts';
export { runShow } from './run-show.ts';
export { runAdd } from './run-add.ts';
export { runFormat } from './run-fmt.ts';
export { runInit } from './run-init.ts';
export { runMergeDriver } from './run-merge-driver.ts';
export { readRuleSettings } from '../../../settings/read-settings.ts';
export { makeVerification } from '../../../checks/signatures/verification.ts';
export { openSigning } from '../../runtime/open-signing.ts';
export { prepareGate } from '../../vulnerabilities/open-gate.ts';
