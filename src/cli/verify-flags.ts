import { type FlagName, FLAGS } from './flags.ts';

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
