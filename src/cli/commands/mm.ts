import type { FlagValues } from '../flags/flag-values.ts';
import { flagsOf } from '../flags/flag.ts';
import { RUN_FLAGS } from '../flags/flags.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import { registryNamed } from '../flags/options/browse-options.ts';
import { runOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { MergeOptions } from './run/run-mm.ts';

const MERGE_FLAGS = flagsOf('Manifests', [
  {
    name: 'base_dir',
    value: 'DIR',
    default: '.',
    description: 'the manifest directory, or a checkout of k8s.io',
  },
  { name: 'staging_repo', value: 'REG', description: 'the source registry of the project', neverEmpty: true },
  {
    name: 'filter_tag',
    value: 'TAG',
    repeatable: true,
    description: 'only this tag, glob or range of versions',
  },
  { name: 'filter_image', value: 'NAME', repeatable: true, description: 'only this image or glob' },
  {
    name: 'filter_digest',
    value: 'DIGEST',
    repeatable: true,
    description: 'only this digest or glob',
  },
  { name: 'dry-run', description: 'print a unified diff, and write nothing' },
]);

/** `cip mm`, also `cip-mm` and `kpromo mm`. */
export const mm = defineCommand<MergeOptions>({
  words: 'mm',
  isOfKpromo: true,
  flags: [...MERGE_FLAGS, ...RUN_FLAGS, ...FORMER_FLAGS.filter(({ inert }) => inert !== undefined)],
  help: {
    about: 'merges the tagged images of a staging registry into the list of images of its project.',
    summary: ['-staging_repo=REG -filter_tag=TAG', 'add a release to manifests'],
    examples: [
      ['-base_dir=DIR -staging_repo=REG -filter_tag=v1.30.0', 'add one release'],
      ['-base_dir=DIR -staging_repo=REG -filter_tag=v1.29.5 -filter_tag=v1.30.1', 'add two'],
      ['-base_dir=DIR -staging_repo=REG -filter_tag=">=1.30.0 <1.31" -dry-run', 'show a diff'],
    ],
    notes: [
      'Comments, order and quotes stay. The tag latest is never added, a tag is never moved.',
      'Each filter may be repeated, or list values with commas between them.',
    ],
    exit: '0 added or already there; 1 refused, nothing written; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeMergeOptions,
  run: async (options, context) => (await import('./run/run-mm.ts')).runMerge(options, context),
});

function makeMergeOptions({ flags }: Given): MergeOptions {
  const staging = flags.text('staging_repo');
  if (!staging) throw new UsageError('must specify --staging_repo: the source registry of the project');
  return {
    ...runOptionsOf(flags, []),
    baseDirectory: flags.text('base_dir') || '.',
    staging: registryNamed(staging),
    isDry: flags.isOn('dry-run'),
    filters: {
      images: valuesOf(flags, 'filter_image'),
      tags: valuesOf(flags, 'filter_tag'),
      digests: valuesOf(flags, 'filter_digest'),
    },
  };
}

/** An empty value is no filter, as in the original. */
function valuesOf(flags: FlagValues, name: string): readonly string[] {
  const values = flags.all(name).flatMap((text) => text.split(','));
  return Array.from(new Set(values.map((text) => text.trim()).filter((text) => text !== '')));
}
