import { FLAGS, type FlagGroup, type FlagSpec } from './flags.ts';
import type { ProgramName } from './parse-flags.ts';

const TITLES: readonly (readonly [FlagGroup, string])[] = [
  ['manifests', 'What is wanted'],
  ['promotion', 'Promotion'],
  ['report', 'Report'],
  ['snapshots', 'Snapshots'],
  ['registries', 'Registries'],
  ['general', 'General'],
];

/** The help text. */
export function renderUsage(program: ProgramName): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  const groups = TITLES.map(([group, title]) => `${title}:\n${renderGroup(group)}`);
  return [
    `${call} promotes container images: it copies what promoter manifests want, by digest, to where it is missing.`,
    '',
    `  ${call} -thin-manifest-dir=DIR            what would be done (a dry run is the default)`,
    `  ${call} -thin-manifest-dir=DIR -confirm   does it`,
    `  ${call} -manifest=FILE -parse-only        checks the manifests without any network`,
    '',
    ...groups,
    'Flags take one dash or two, and -flag=value or -flag value; booleans take =true and =false.',
    'Exit: 0 everything wanted is there or would be; 1 something is not; 2 unusable input; 130, 143 stopped.',
    '',
  ].join('\n');
}

function renderGroup(group: FlagGroup): string {
  const specs = (FLAGS as readonly FlagSpec[]).filter((spec) => spec.group === group);
  return specs
    .map((spec) => {
      const name = spec.value === undefined ? `-${spec.name}` : `-${spec.name} ${spec.value}`;
      const usual = spec.default === undefined ? '' : ` (default ${spec.default})`;
      return `  ${name.padEnd(26)} ${spec.description.replaceAll('`', '')}${usual}`;
    })
    .concat('')
    .join('\n');
}
