import type { FlagName } from './flags.ts';

/** Flags of the promotion that ask for something that a verification does not do. */
export const NOT_OF_VERIFY: ReadonlySet<string> = new Set<FlagName>([
  'confirm',
  'dry-run',
  'parse-only',
  'allow-lost',
]);
