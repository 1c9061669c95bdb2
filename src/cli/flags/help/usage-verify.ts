import type { ProgramName } from '../../commands/command.ts';
import { FLAGS } from '../flags.ts';
import { renderGroups, SPELLING } from './usage.ts';
import { NOT_OF_VERIFY } from '../verify-flags.ts';

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
