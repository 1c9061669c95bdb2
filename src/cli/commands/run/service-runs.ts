// The services, as one lazy import (see `runs.ts`): it loads zod.
export { runAuditServe } from './run-audit-serve.ts';
