import type { ProgramName } from '../../commands/command.ts';
import { FLAGS } from '../flags.ts';
import { MERGE_FLAGS } from '../report-merge-flags.ts';
import { renderFlags } from './usage.ts';

/** The help text of `report merge`. */
export function renderMergeUsage(program: ProgramName): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  const taken: readonly string[] = MERGE_FLAGS;
  return [
    `${call} report merge makes one report of the reports (-report=FILE) of all shards of one promotion, or of one cip verify.`,
    '',
    `  ${call} report merge 0.json 1.json 2.json -report=FILE -report-markdown=FILE`,
    '',
    'Refused are reports of other manifests, a shard that is missing and one that is given twice.',
    '',
    'Flags:',
    renderFlags(FLAGS.filter(({ name }) => taken.includes(name))),
    'Exit: 0 and 1 as one run would have had; 2 the reports cannot be read or are not all shards of one run.',
    '',
  ].join('\n');
}
