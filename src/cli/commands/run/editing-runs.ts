// What edits manifests, as one lazy import (see `runs.ts`): no other run needs its code. `cip mm` is in
// `document-runs.ts`.
export { runAdd } from './run-add.ts';
export { runFormat } from './run-fmt.ts';
export { runInit } from './run-init.ts';
export { runMergeDriver } from './run-merge-driver.ts';
