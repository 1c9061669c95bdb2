import { flagsOf } from '../flags/flag.ts';
import { RUN_FLAGS } from '../flags/flags.ts';
import { runOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { InitOptions } from './run/run-init.ts';

const INIT_FLAGS = flagsOf('Project', [
  { name: 'source', value: 'REG', description: 'registry to promote from' },
  { name: 'destination', value: 'REG', description: 'registry to promote to', repeatable: true },
  { name: 'project', value: 'NAME', description: 'name of the project', default: 'the last name of REG' },
  { name: 'tag', value: 'GLOB', description: 'only tags that match, e.g. `v*`', repeatable: true },
]);

/** `cip init`. */
export const init = defineCommand<InitOptions>({
  words: 'init',
  operands: '[directories...]',
  completion: 'directories',
  flags: [...INIT_FLAGS, ...RUN_FLAGS],
  help: {
    about: 'writes the thin manifests of a new project, with the images that its source has today.',
    summary: ['DIR', 'start with manifests of an existing registry'],
    examples: [
      ['DIR', 'ask for the registries on a terminal'],
      ['DIR -source=REG -destination=REG', ''],
    ],
    notes: ['Nothing is overwritten. The project is written whole, or not at all.'],
    exit: '0 written; 1 nothing to write, or not readable; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeInitOptions,
  run: async (options, context) => (await import('./run/run-init.ts')).runInit(options, context),
});

function makeInitOptions({ flags, operands }: Given): InitOptions {
  const options = runOptionsOf(flags, []);
  const [directory, ...more] = operands;
  if (directory === undefined || more.length > 0)
    throw new UsageError(`cip init takes one directory, not ${operands.length}: cip init DIR`);
  return {
    ...options,
    directory,
    source: flags.text('source') || undefined,
    destinations: flags.all('destination'),
    project: flags.text('project') || undefined,
    tags: flags.all('tag'),
  };
}
