import { flagsOf } from '../flags/flag.ts';
import { CHANGE_FLAGS, LOCATION_FLAGS, RUN_FLAGS } from '../flags/flags.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import { formatOf } from '../flags/options/browse-options.ts';
import { manifestDiffOf } from '../flags/options/manifest-diff-option.ts';
import { locationOf } from '../flags/options/promotion-options.ts';
import { runOptionsOf } from '../flags/options/run-options.ts';
import { defineCommand, type Given } from './command.ts';
import type { ReviewOptions } from './run/run-review.ts';

const FORMATS = ['text', 'json', 'markdown'] as const;

const OUTPUT_FLAGS = flagsOf('Review', [
  {
    name: 'output',
    value: 'FORMAT',
    default: 'text',
    values: FORMATS,
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
    summary: ['-thin-manifest-dir=DIR', 'compare new images with previous ones'],
    examples: [
      [
        '-thin-manifest-dir=DIR -manifest-diff-base=origin/main',
        'review the images that this branch promotes',
      ],
      ['-thin-manifest-dir=DIR -manifest-diff-base=auto -output=markdown', 'the same in CI'],
      ['-thin-manifest-dir=DIR', 'review the images that no destination has'],
    ],
    exit: '0 reviewed; 1 an image or edge could not be read; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeReviewOptions,
  run: async (options, context) => (await import('./run/run-review.ts')).runReview(options, context),
});

function makeReviewOptions({ flags, env }: Given): ReviewOptions {
  return {
    ...runOptionsOf(flags, []),
    where: locationOf(flags),
    diff: manifestDiffOf(flags, env),
    format: formatOf(flags, FORMATS) ?? 'text',
  };
}
