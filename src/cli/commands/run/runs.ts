// What the commands run, as one lazy import. The build makes a file of each lazy import and of each part that several of
// them share. Every file that a start loads takes about 0.6 ms, as much as 25 KB of code: few large files start faster
// than many small ones. What few runs need has a module of its own: `rare-runs.ts` zod and
// semver, `runtime/network-clients.ts` the HTTP stack.
export { runCopy } from './run-copy.ts';
export { runDiff } from './run-diff.ts';
export { runPromotion } from './run-promotion.ts';
export { runSnapshot } from './run-snapshot.ts';
export { runVerify } from './run-verify.ts';
export { runLint } from './run-lint.ts';
