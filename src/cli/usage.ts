import { FLAGS, type FlagGroup, type FlagSpec } from './flags.ts';
import type { ProgramName } from './parse-flags.ts';
import { NOT_OF_VERIFY } from './verify-options.ts';

const TITLES: readonly (readonly [FlagGroup, string])[] = [
  ['manifests', 'What is wanted'],
  ['promotion', 'Promotion'],
  ['verify', 'Verification'],
  ['report', 'Report'],
  ['registries', 'Registries'],
  ['general', 'General'],
];

/** The help text of a command; '' is the promotion. */
export function renderUsage(program: ProgramName, command = ''): string {
  const call = program === 'kpromo' ? 'kpromo cip' : 'cip';
  return command === 'verify' ? renderVerifyUsage(call) : renderPromotionUsage(call);
}

function renderPromotionUsage(call: string): string {
  const specs = (FLAGS as readonly FlagSpec[]).filter((spec) => spec.command === undefined);
  return [
    `${call} promotes container images: it copies what promoter manifests want, by digest, to where it is missing.`,
    '',
    `  ${call} -thin-manifest-dir=DIR            what would be done (a dry run is the default)`,
    `  ${call} -thin-manifest-dir=DIR -confirm   does it`,
    `  ${call} -manifest=FILE -parse-only        checks the manifests without any network`,
    `  ${call} verify -thin-manifest-dir=DIR     is all there? (${call} verify -help)`,
    '',
    ...renderGroups(specs),
    SPELLING,
    'Exit: 0 everything wanted is there or would be; 1 something is not; 2 unusable input; 130, 143 stopped.',
    '',
  ].join('\n');
}

function renderVerifyUsage(call: string): string {
  const specs = (FLAGS as readonly FlagSpec[]).filter(
    ({ name, command }) => command === 'verify' || (command === undefined && !NOT_OF_VERIFY.has(name)),
  );
  return [
    `${call} verify looks whether everything is there that promoter manifests want. It writes nothing.`,
    '',
    `  ${call} verify -thin-manifest-dir=DIR                        every tag and digest, at every destination`,
    `  ${call} verify -thin-manifest-dir=DIR -deep                  and all that they lead to`,
    `  ${call} verify -thin-manifest-dir=DIR -via=registry.k8s.io   as whoever pulls from there gets it`,
    '',
    ...renderGroups(specs),
    SPELLING,
    'Exit: 0 all is there; 1 something is missing, different or unreadable; 2 unusable input; 130, 143 stopped.',
    '',
  ].join('\n');
}

const SPELLING =
  'Flags take one dash or two, and -flag=value or -flag value; booleans take =true and =false.';

function renderGroups(specs: readonly FlagSpec[]): string[] {
  return TITLES.flatMap(([group, title]) => {
    const members = specs.filter((spec) => spec.group === group);
    return members.length === 0 ? [] : [`${title}:\n${renderGroup(members)}`];
  });
}

function renderGroup(specs: readonly FlagSpec[]): string {
  return specs
    .map((spec) => {
      const name = spec.value === undefined ? `-${spec.name}` : `-${spec.name} ${spec.value}`;
      const usual = spec.default === undefined ? '' : ` (default ${spec.default})`;
      return `  ${name.padEnd(26)} ${spec.description.replaceAll('`', '')}${usual}`;
    })
    .concat('')
    .join('\n');
}
