import { quote } from '../../base/text.ts';
import { flagsOf } from '../flags/flag.ts';
import { CHANGE_FLAGS, LOCATION_FLAGS, RUN_FLAGS } from '../flags/flags.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import { manifestDiffOf } from '../flags/options/manifest-diff-option.ts';
import { locationOf } from '../flags/options/promotion-options.ts';
import { runOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { ReviewFormat, ReviewOptions } from './run/run-review.ts';

const OUTPUT_FLAGS = flagsOf('Review', [
  {
    name: 'output',
    value: 'FORMAT',
    default: 'text',
    values: ['text', 'json', 'markdown'],
    description: '`text`, `json` or `markdown`',
    neverEmpty: true,
  },
]);

/** `cip review`, also `kpromo review`. */
export const review = defineCommand<ReviewOptions>({
  words: 'review',
  isOfKpromo: true,
  flags: [
    ...LOCATION_FLAGS,
    ...CHANGE_FLAGS.filter(({ name }) => name !== 'allow-removal'),
    ...OUTPUT_FLAGS,
    ...RUN_FLAGS,
    ...FORMER_FLAGS.filter(({ inert }) => inert !== undefined),
  ],
  help: {
    about: 'compares each new digest of promoter manifests with the image promoted before it.',
    summary: ['-thin-manifest-dir=DIR', 'compare new images with their predecessors'],
    examples: [
      ['-thin-manifest-dir=DIR -manifest-diff-base=origin/main', 'review what this branch promotes'],
      ['-thin-manifest-dir=DIR -manifest-diff-base=auto -output=markdown', 'the same in CI'],
      ['-thin-manifest-dir=DIR', 'review what no destination has'],
    ],
    exit: '0 reviewed; 1 something could not be read; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeReviewOptions,
  run: async (options, context) => (await import('./run/document-runs.ts')).runReview(options, context),
});

const FORMATS: readonly ReviewFormat[] = ['text', 'json', 'markdown'];

function makeReviewOptions({ flags, env }: Given): ReviewOptions {
  const text = flags.text('output') ?? 'text';
  const format = FORMATS.find((name) => name === text.toLowerCase());
  if (format === undefined) throw new UsageError(`-output is text, json or markdown, not ${quote(text)}`);
  return { ...runOptionsOf(flags, []), where: locationOf(flags), diff: manifestDiffOf(flags, env), format };
}
