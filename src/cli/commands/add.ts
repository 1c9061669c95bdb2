import type { NamedImage } from '../../inventory/resolve-image.ts';
import { parseImageReference } from '../../manifest/image-reference.ts';
import { flagsOf } from '../flags/flag.ts';
import { LOCATION_FLAGS, RUN_FLAGS } from '../flags/flags.ts';
import { runOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { AddOptions } from './run/run-add.ts';

/** `cip add`. */
export const add = defineCommand<AddOptions>({
  words: 'add',
  operands: '[images...]',
  flags: [
    ...LOCATION_FLAGS.filter(({ name }) => name === 'thin-manifest-dir'),
    ...flagsOf('Manifests', [{ name: 'project', value: 'NAME', description: 'add to the project NAME' }]),
    ...RUN_FLAGS,
  ],
  help: {
    about: 'adds images to the lists of thin manifests, with the digests that they have at their source.',
    summary: ['IMAGE -thin-manifest-dir=DIR', 'add an image to manifests'],
    examples: [['IMAGE... -thin-manifest-dir=DIR', '']],
    notes: [
      'IMAGE is REPOSITORY:TAG, REPOSITORY@DIGEST or both; its project is the one whose source holds it.',
      'All images are added, or none. A tag that is another digest in the list is refused.',
    ],
    exit: '0 added or already there; 1 refused, nothing written; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeAddOptions,
  run: async (options, context) => (await import('./run/run-add.ts')).runAdd(options, context),
});

function makeAddOptions({ flags, operands }: Given): AddOptions {
  const options = runOptionsOf(flags, []);
  const directory = flags.text('thin-manifest-dir');
  if (operands.length === 0)
    throw new UsageError('cip add takes images: cip add IMAGE:TAG -thin-manifest-dir=DIR');
  if (!directory) throw new UsageError('no manifest directory given: -thin-manifest-dir=DIR is required');
  return {
    ...options,
    images: operands.map(imageNamed),
    directory,
    project: flags.text('project') || undefined,
  };
}

function imageNamed(text: string): NamedImage {
  const parsed = parseImageReference(text);
  if ('fault' in parsed) throw new UsageError(parsed.fault);
  const { tag, digest } = parsed.value;
  if (tag === undefined && digest === undefined)
    throw new UsageError(`${text} has no tag and no digest: latest is not assumed, name one`);
  return parsed.value;
}
