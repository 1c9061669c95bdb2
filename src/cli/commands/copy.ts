import { parseImageCopy } from '../../workflows/copy-image/copy-image.ts';
import { CONFIRM_FLAGS, PROMOTION_FLAGS, REPORT_FLAGS, RUN_FLAGS, SCOPE_FLAGS } from '../flags/flags.ts';
import { transferOptionsOf } from '../flags/options/promotion-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { CopyOptions } from './run/run-copy.ts';

const DEADLINE_FLAGS = SCOPE_FLAGS.filter(({ name }) => name === 'deadline');

/** `cip copy`. */
export const copy = defineCommand<CopyOptions>({
  words: 'copy',
  operands: '[images...]',
  flags: [...CONFIRM_FLAGS, ...DEADLINE_FLAGS, ...PROMOTION_FLAGS, ...REPORT_FLAGS, ...RUN_FLAGS],
  help: {
    about: 'copies one image between registries, without a manifest.',
    summary: ['SRC DST', 'copy one image'],
    examples: [
      ['SRC DST', 'show what a copy would do (dry run)'],
      ['SRC DST -confirm', 'copy'],
    ],
    notes: [
      'SRC is REPOSITORY:TAG, REPOSITORY@DIGEST or both; DST is REPOSITORY or REPOSITORY:TAG.',
      'DST without a tag gets the tag of SRC; a digest is copied without a tag. No tag is ever moved.',
    ],
    exit: '0 success; 1 missing, refused or failed; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeCopyOptions,
  run: async (options, context) => (await import('./run/run-copy.ts')).runCopy(options, context),
});

function makeCopyOptions({ flags, operands }: Given): CopyOptions {
  const options = transferOptionsOf(flags);
  const [from, to, ...more] = operands;
  if (from === undefined || to === undefined || more.length > 0)
    throw new UsageError(
      `cip copy takes a source and a destination, not ${operands.length}: cip copy SRC DST`,
    );
  const parsed = parseImageCopy(from, to);
  if ('fault' in parsed) throw new UsageError(parsed.fault);
  return { ...options, copy: parsed.value };
}
