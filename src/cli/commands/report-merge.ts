import { ALLOW_LOST_FLAGS, LOG_FLAGS, REPORT_FILE_FLAGS } from '../flags/flags.ts';
import { reportFilesOf } from '../flags/options/promotion-options.ts';
import { logOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { callOf, defineCommand, type Given } from './command.ts';
import type { MergeOptions } from './run/run-report-merge.ts';

/** `cip report merge`. */
export const reportMerge = defineCommand<MergeOptions>({
  words: 'report merge',
  operands: '[reports...]',
  completion: 'files',
  flags: [...REPORT_FILE_FLAGS, ...ALLOW_LOST_FLAGS, ...LOG_FLAGS],
  help: {
    about: 'merges the reports (-report=FILE) of all shards of one run.',
    summary: ['REPORT...', 'merge the reports of shards'],
    examples: [['0.json 1.json 2.json -report=FILE -report-markdown=FILE', '']],
    notes: ['Reports of other manifests, missing shards and duplicate shards are errors.'],
    exit: '0 and 1 like one run; 2 unreadable reports, or not all shards of one run.',
  },
  parse: makeMergeOptions,
  run: async (options, context) =>
    (await import('./run/run-report-merge.ts')).runReportMerge(options, context),
});

function makeMergeOptions({ flags, operands: files, program }: Given): MergeOptions {
  if (files.length === 0) {
    throw new UsageError(`no report given: ${callOf(program, 'report merge')} 0.json 1.json …`);
  }
  return {
    ...reportFilesOf(flags),
    files,
    allowLost: flags.isOn('allow-lost'),
    log: logOptionsOf(flags),
  };
}
