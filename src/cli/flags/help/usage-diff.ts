import type { ProgramName } from '../../commands/command.ts';
import { DIFF_FLAGS } from '../diff-flags.ts';
import { renderGroups } from './usage.ts';

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
