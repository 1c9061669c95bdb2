import type { ProgramName } from '../../commands/command.ts';
import type { FlagGroup, FlagSpec } from '../flag-spec.ts';
import { FLAGS } from '../flags.ts';

const TITLES: readonly (readonly [FlagGroup, string])[] = [
  ['manifests', 'What is wanted'],
  ['promotion', 'Promotion'],
  ['verify', 'Verification'],
  ['report', 'Report'],
  ['snapshots', 'Snapshots'],
  ['registries', 'Registries'],
  ['general', 'General'],
];

/** The help text. */
export function renderUsage(program: ProgramName): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  const specs = FLAGS.filter(({ command }) => command === undefined);
  return [
    `${call} promotes container images: it copies what promoter manifests want, by digest, to where it is missing.`,
    '',
    `  ${call} -thin-manifest-dir=DIR            what would be done (a dry run is the default)`,
    `  ${call} -thin-manifest-dir=DIR -confirm   does it`,
    `  ${call} -manifest=FILE -parse-only        checks the manifests without any network`,
    `  ${call} verify -thin-manifest-dir=DIR     is all there? (${call} verify -help)`,
    `  ${call} -snapshot=REG                     prints what a registry holds`,
    `  ${call} diff A B                          compares two registries (${call} diff -help)`,
    `  ${call} report merge REPORT...            one report of the reports of shards`,
    '',
    ...renderGroups(specs),
    SPELLING,
    'Exit: 0 everything wanted is there or would be; 1 something is not; 2 unusable input; 130, 143 stopped.',
    '',
  ].join('\n');
}

export const SPELLING =
  'Flags take one dash or two, and -flag=value or -flag value; booleans take =true and =false.';

/** The flags of a help text under the titles of their groups. */
export function renderGroups(specs: readonly FlagSpec[]): string[] {
  return TITLES.flatMap(([group, title]) => {
    const members = specs.filter((spec) => spec.group === group);
    return members.length === 0 ? [] : [`${title}:\n${renderFlags(members)}`];
  });
}

/** The flags of a help text, one a line. */
export function renderFlags(specs: readonly FlagSpec[]): string {
  return specs
    .map((spec) => {
      const name = spec.value === undefined ? `-${spec.name}` : `-${spec.name} ${spec.value}`;
      const usual = spec.default === undefined ? '' : ` (default ${spec.default})`;
      return `  ${name.padEnd(34)} ${spec.description.replaceAll('`', '')}${usual}`;
    })
    .concat('')
    .join('\n');
}
