import type { ProgramName } from '../../commands/command.ts';
import { DIFF_FLAGS, NOT_OF_VERIFY } from '../command-flags.ts';
import { MERGE_FLAGS } from '../flag-spec.ts';
import { FLAGS } from '../flags.ts';
import { renderFlags, renderGroups, SPELLING } from './usage.ts';

/** The help text of `verify`. */
export function renderVerifyUsage(program: ProgramName): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  const specs = FLAGS.filter(
    ({ name, command }) => command === 'verify' || (command === undefined && !NOT_OF_VERIFY.has(name)),
  );
  return [
    `${call} verify checks that everything is there that promoter manifests want. It writes only with -repair -confirm.`,
    '',
    `  ${call} verify -thin-manifest-dir=DIR                        every tag and digest, at every destination`,
    `  ${call} verify -thin-manifest-dir=DIR -deep                  and all that they lead to`,
    `  ${call} verify -thin-manifest-dir=DIR -deep -repair          what would be sent to images that lack content`,
    `  ${call} verify -thin-manifest-dir=DIR -via=registry.k8s.io   as whoever pulls from there gets it`,
    `  ${call} verify -thin-manifest-dir=DIR -shard=0/3             one part; ${call} report merge makes one report`,
    '',
    ...renderGroups(specs),
    SPELLING,
    'Exit: 0 all is there; 1 something is missing, different or unreadable; 2 unusable input; 130, 143 stopped.',
    '',
  ].join('\n');
}

/** The help text of `cip diff`. */
export function renderDiffUsage(program: ProgramName): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  return [
    `${call} diff shows in what two registries differ: digests that only one has, and tags that are not the same.`,
    '',
    `  ${call} diff A B`,
    '',
    'A and B are each one of:',
    '  HOST/PATH            a registry, as -snapshot reads it',
    '  FILE                 a snapshot: YAML, CSV or JSON',
    '  DIR@REG, FILE@REG    what thin manifests, or a plain one, want in a registry',
    '  DIR                  the same, for the registry that the other side is',
    '',
    ...renderGroups(DIFF_FLAGS),
    'Exit: 0 equal; 1 different; 2 they cannot be compared, or not all of them; 130, 143 stopped.',
    '',
  ].join('\n');
}

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
