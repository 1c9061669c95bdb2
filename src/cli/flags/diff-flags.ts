import { FLAGS } from './flags.ts';
import type { FlagSpec } from './flag-spec.ts';

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
]);

/** The flags of `cip diff`: of the program's own, those that are about looking at registries. */
export const DIFF_FLAGS: readonly FlagSpec[] = FLAGS.filter(
  ({ name, inert }) => NAMES.has(name) && inert === undefined,
).map((spec) =>
  spec.name === 'output-format'
    ? { ...spec, default: 'text', description: '`text`, `json` or `markdown`' }
    : spec,
);
