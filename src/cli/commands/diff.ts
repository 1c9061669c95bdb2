import { DIFF_FORMATS } from '../../workflows/diff/render.ts';
import { BROWSE_FLAGS, RUN_FLAGS } from '../flags/flags.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import { browseOptionsOf, formatOf } from '../flags/options/browse-options.ts';
import { runOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { DiffOptions } from './run/run-diff.ts';

const DIFF_FLAGS = BROWSE_FLAGS.map((flag) => {
  const values = flag.values === undefined ? {} : { values: DIFF_FORMATS };
  return flag.name === 'output-format'
    ? { ...flag, ...values, default: 'text', description: '`text`, `json`, `markdown` or `html`' }
    : { ...flag, ...values };
});

/** `cip diff`. */
export const diff = defineCommand<DiffOptions>({
  words: 'diff',
  operands: '[sides...]',
  completion: 'files',
  flags: [...DIFF_FLAGS, ...RUN_FLAGS, ...FORMER_FLAGS],
  help: {
    about: 'compares two registries: digests that only one has, and tags that differ.',
    summary: ['A B', 'compare two registries'],
    examples: [['A B', '']],
    notes: [
      'A and B are each one of:',
      '  HOST/PATH            a registry, as -snapshot reads it',
      '  FILE                 a snapshot: YAML, CSV or JSON',
      '  DIR@REG, FILE@REG    what manifests want in a registry',
      '  DIR                  the same, in the registry of the other side',
    ],
    exit: '0 equal; 1 different; 2 not comparable, or only in part; 130, 143 stopped.',
  },
  parse: makeDiffOptions,
  run: async (options, context) => (await import('./run/run-diff.ts')).runDiff(options, context),
});

function makeDiffOptions({ flags, operands }: Given): DiffOptions {
  const run = runOptionsOf(flags, []);
  const [a, b, ...more] = operands;
  if (a === undefined || b === undefined || more.length > 0) {
    throw new UsageError(`cip diff compares two sides, not ${operands.length}: cip diff A B`);
  }
  const format = formatOf(flags, DIFF_FORMATS) ?? 'text';
  return { ...run, ...browseOptionsOf(flags), a, b, format };
}
