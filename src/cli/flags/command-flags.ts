import type { FlagSpec } from './flag-spec.ts';
import { FLAGS, type FlagName } from './flags.ts';

const NAMES: ReadonlySet<string> = new Set([
  'output-format',
  'output',
  'snapshot-tag',
  'minimal-snapshot',
  'snapshot-repositories',
  'snapshot-service-account',
  'threads',
  'plain-http',
  'key-files',
  'no-service-account',
  'ca-file',
  'trust-realm',
  'budget',
  'log-level',
  'log-format',
  'no-progress',
  'version',
  'help',
  'help-all',
]);

/** The flags of `cip diff`: of the program's own, those that are about looking at registries. */
export const DIFF_FLAGS: readonly FlagSpec[] = FLAGS.filter(
  ({ name, inert }) => NAMES.has(name) && inert === undefined,
).map((spec) =>
  spec.name === 'output-format'
    ? { ...spec, default: 'text', description: '`text`, `json` or `markdown`' }
    : spec,
);

const OF_PROMOTION: readonly FlagName[] = [
  'parse-only',
  'allow-lost',
  'spool-limit',
  'prove',
  'max-image-size',
];

/** Flags that a verification takes where it repairs. */
export const WITH_REPAIR: readonly FlagName[] = ['confirm', 'dry-run'];

/** Flags that ask for something that a verification does not do: to promote, or to print what is there. */
export const NOT_OF_VERIFY: ReadonlySet<string> = new Set<string>([
  ...OF_PROMOTION,
  ...FLAGS.filter(({ group }) => group === 'snapshots').map(({ name }) => name),
]);
