import { DIFF_FLAGS } from './diff-flags.ts';
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
  const groups = renderGroups(FLAGS);
  return [
    `${call} promotes container images: it copies what promoter manifests want, by digest, to where it is missing.`,
    '',
    `  ${call} -thin-manifest-dir=DIR            what would be done (a dry run is the default)`,
    `  ${call} -thin-manifest-dir=DIR -confirm   does it`,
    `  ${call} -manifest=FILE -parse-only        checks the manifests without any network`,
    `  ${call} -snapshot=REG                     prints what a registry holds`,
    ...(program === 'cip'
      ? ['  cip diff A B                          compares two registries: see cip diff -help']
      : []),
    '',
    ...groups,
    'Flags take one dash or two, and -flag=value or -flag value; booleans take =true and =false.',
    'Exit: 0 everything wanted is there or would be; 1 something is not; 2 unusable input; 130, 143 stopped.',
    '',
  ].join('\n');
}

/** The help text of `cip diff`. */
export function renderDiffUsage(): string {
  return [
    'cip diff shows in what two registries differ: digests that only one has, and tags that are not the same.',
    '',
    '  cip diff A B',
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

function renderGroups(flags: readonly FlagSpec[]): string[] {
  const titled = TITLES.map(([group, title]) => ({
    title,
    specs: flags.filter((spec) => spec.group === group),
  }));
  return titled
    .filter(({ specs }) => specs.length > 0)
    .map(({ title, specs }) => `${title}:\n${renderGroup(specs)}`);
}

function renderGroup(specs: readonly FlagSpec[]): string {
  return specs
    .map((spec) => {
      const name = spec.value === undefined ? `-${spec.name}` : `-${spec.name} ${spec.value}`;
      const usual = spec.default === undefined ? '' : ` (default ${spec.default})`;
      return `  ${name.padEnd(34)} ${spec.description.replaceAll('`', '')}${usual}`;
    })
    .concat('')
    .join('\n');
}
