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
    `${call} verify checks that the destinations hold what promoter manifests want.`,
    '',
    `  ${call} verify -thin-manifest-dir=DIR                        check every tag and digest`,
    `  ${call} verify -thin-manifest-dir=DIR -deep                  check child manifests and blobs too`,
    `  ${call} verify -thin-manifest-dir=DIR -deep -repair          list missing content`,
    `  ${call} verify -thin-manifest-dir=DIR -via=registry.k8s.io   check what users pull`,
    `  ${call} verify -thin-manifest-dir=DIR -shard=0/3             check one part`,
    '',
    ...renderGroups(specs),
    SPELLING,
    'Exit: 0 complete; 1 missing, different or unreadable; 2 unusable input; 130, 143 stopped.',
    '',
  ].join('\n');
}

/** The help text of `cip diff`. */
export function renderDiffUsage(program: ProgramName): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  return [
    `${call} diff compares two registries: digests that only one has, and tags that differ.`,
    '',
    `  ${call} diff A B`,
    '',
    'A and B are each one of:',
    '  HOST/PATH            a registry, as -snapshot reads it',
    '  FILE                 a snapshot: YAML, CSV or JSON',
    '  DIR@REG, FILE@REG    what manifests want in a registry',
    '  DIR                  the same, in the registry of the other side',
    '',
    ...renderGroups(DIFF_FLAGS),
    'Exit: 0 equal; 1 different; 2 not comparable, or only in part; 130, 143 stopped.',
    '',
  ].join('\n');
}

/** The help text of `report merge`. */
export function renderMergeUsage(program: ProgramName): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  const taken: readonly string[] = MERGE_FLAGS;
  return [
    `${call} report merge merges the reports (-report=FILE) of all shards of one run.`,
    '',
    `  ${call} report merge 0.json 1.json 2.json -report=FILE -report-markdown=FILE`,
    '',
    'Reports of other manifests, missing shards and duplicate shards are errors.',
    '',
    'Flags:',
    renderFlags(FLAGS.filter(({ name }) => taken.includes(name))),
    'Exit: 0 and 1 like one run; 2 unreadable reports, or not all shards of one run.',
    '',
  ].join('\n');
}
