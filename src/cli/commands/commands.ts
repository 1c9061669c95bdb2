import type { Flag } from '../flags/flag.ts';
import type { CipCommand } from './command.ts';
import { diff } from './diff.ts';
import { promote } from './promote.ts';
import { reportMerge } from './report-merge.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';

/** The commands of the programs, in the order of their help: parsing, help, suggestions and docs are made from it. */
export const COMMANDS: readonly CipCommand[] = [promote, verify, diff, reportMerge, version];

/** All flags of all commands, each once; where commands differ, as the first one has it. */
export const ALL_FLAGS: readonly Flag[] = Array.from(
  new Map(
    COMMANDS.flatMap(({ flags }) => flags)
      .toReversed()
      .map((flag) => [flag.name, flag]),
  ).values(),
).toReversed();

/** Commands that are announced. One that is built is taken for itself. */
export const PLANNED_COMMANDS: readonly string[] = [
  'snapshot',
  'show',
  'apply',
  'init',
  'add',
  'copy',
  'mm',
  'fmt',
  'lint',
  'merge-driver',
  'pr',
  'audit serve',
  'audit',
  'sigcheck',
  'completion',
].filter((words) => !COMMANDS.some((command) => command.words === words));

/** Commands of kpromo that promote files, or are about releases on GitHub. */
export const FOREIGN_COMMANDS: readonly string[] = ['run files', 'manifest files', 'manifest validate', 'gh'];
