import { flagsOf } from '../flags/flag.ts';
import { LOG_FLAGS } from '../flags/flags.ts';
import { logOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { MergeDriverOptions } from './run/run-merge-driver.ts';

const INSTALL_FLAGS = flagsOf('Merge driver', [
  { name: 'install', description: 'set up git for this repository: its configuration and .gitattributes' },
  { name: 'global', description: 'with -install: for all repositories of this user' },
]);

/** `cip merge-driver`. */
export const mergeDriver = defineCommand<MergeDriverOptions>({
  words: 'merge-driver',
  isOfKpromo: true,
  operands: '[files...]',
  completion: 'files',
  flags: [...INSTALL_FLAGS, ...LOG_FLAGS],
  help: {
    about: 'merges lists of images for git: branches that add images, digests and tags never conflict.',
    summary: ['-install', 'let git merge lists of images'],
    examples: [
      ['-install', 'set up git in a clone'],
      ['%O %A %B %P', 'the call that git makes: base, ours (gets the result), theirs, path'],
    ],
    notes: ['Contradictions, such as one tag on two digests, become conflicts.'],
    exit: '0 merged or installed; 1 a conflict; 2 unusable input.',
  },
  parse: makeMergeDriverOptions,
  run: async (options, context) =>
    (await import('./run/run-merge-driver.ts')).runMergeDriver(options, context),
});

function makeMergeDriverOptions({ flags, operands }: Given): MergeDriverOptions {
  const log = logOptionsOf(flags);
  const isGlobal = flags.isOn('global');
  if (flags.isOn('install')) {
    if (operands.length > 0) throw new UsageError('-install takes no files');
    return { kind: 'install', isGlobal, log };
  }
  if (isGlobal) throw new UsageError('-global goes with -install');
  const [base, ours, theirs, path = ours, ...more] = operands;
  if (
    base === undefined ||
    ours === undefined ||
    theirs === undefined ||
    path === undefined ||
    more.length > 0
  )
    throw new UsageError(
      'cip merge-driver takes the files of git: cip merge-driver %O %A %B %P; to set it up: cip merge-driver -install',
    );
  return { kind: 'merge', base, ours, theirs, path, log };
}
