import type { ProgramName } from '../../commands/command.ts';
import type { FlagGroup, FlagSpec } from '../flag-spec.ts';
import { FLAGS } from '../flags.ts';

const TITLES: readonly (readonly [FlagGroup, string])[] = [
  ['manifests', 'Manifests'],
  ['promotion', 'Promotion'],
  ['verify', 'Verification'],
  ['report', 'Report'],
  ['snapshots', 'Snapshots'],
  ['registries', 'Registries'],
  ['general', 'General'],
];

/** The help text: the common flags, or all. */
export function renderUsage(program: ProgramName, flags: 'common' | 'all'): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  const specs = FLAGS.filter(({ command, isCommon }) => {
    return command === undefined && (flags === 'all' || isCommon === true);
  });
  return [
    `${call} promotes container images: it copies images from staging to production registries,`,
    'by digest, as promoter manifests say.',
    '',
    `  ${call} -thin-manifest-dir=DIR            show what a promotion would do (dry run)`,
    `  ${call} -thin-manifest-dir=DIR -confirm   promote`,
    `  ${call} -manifest=FILE -parse-only        check manifests without network access`,
    `  ${call} verify -thin-manifest-dir=DIR     check that everything is promoted`,
    `  ${call} -snapshot=REG                     print the images of a registry`,
    `  ${call} diff A B                          compare two registries`,
    `  ${call} report merge REPORT...            merge the reports of shards`,
    '',
    ...renderGroups(specs),
    ...(flags === 'all'
      ? []
      : [`${call} -help-all prints all flags, ${call} COMMAND -help those of a command.`]),
    SPELLING,
    'Exit: 0 success; 1 images missing, refused or failed; 2 unusable input; 130, 143 stopped.',
    '',
  ].join('\n');
}

export const SPELLING =
  'Flags take one dash or two, and -flag=value or -flag value; booleans take =true and =false.';

/** The flags of a help text, in groups. */
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
      return `  ${name.padEnd(33)} ${spec.description.replaceAll('`', '')}${usual}`;
    })
    .concat('')
    .join('\n');
}
