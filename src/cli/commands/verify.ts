import { quote } from '../../base/text.ts';
import { type Mirror, parseMirror } from '../../workflows/verify/mirror.ts';
import { flagsOf } from '../flags/flag.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import {
  CHANGE_FLAGS,
  CONFIRM_FLAGS,
  LOCATION_FLAGS,
  REPORT_FLAGS,
  RUN_FLAGS,
  SCOPE_FLAGS,
} from '../flags/flags.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import { makePromotionOptions } from '../flags/options/promotion-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { VerifyOptions } from './run/run-verify.ts';

const VERIFY_FLAGS = flagsOf('Verification', [
  { name: 'deep', description: 'check child manifests and blobs too' },
  {
    name: 'repair',
    description: 'with `-deep`, list missing content; with `-confirm`, send it',
  },
  {
    name: 'via',
    value: 'HOST[=ROOT]',
    description: 'query HOST instead of the destinations',
    neverEmpty: true,
  },
]);

/** `cip verify`. */
export const verify = defineCommand<VerifyOptions>({
  words: 'verify',
  flags: [
    ...LOCATION_FLAGS,
    ...CONFIRM_FLAGS,
    ...SCOPE_FLAGS,
    ...VERIFY_FLAGS,
    ...REPORT_FLAGS,
    ...RUN_FLAGS,
    ...FORMER_FLAGS,
  ],
  refusal: (flag) =>
    CHANGE_FLAGS.some(({ name }) => name === flag)
      ? `cip verify checks all that the manifests want; -${flag} is not allowed`
      : `cip verify is read-only; -${flag} is not allowed`,
  help: {
    about: 'checks that the destinations hold the images of promoter manifests.',
    summary: ['-thin-manifest-dir=DIR', 'check that everything is promoted'],
    examples: [
      ['-thin-manifest-dir=DIR', 'check every tag and digest'],
      ['-thin-manifest-dir=DIR -deep', 'check child manifests and blobs too'],
      ['-thin-manifest-dir=DIR -deep -repair', 'list missing content'],
      ['-thin-manifest-dir=DIR -via=registry.k8s.io', 'check what users pull'],
      ['-thin-manifest-dir=DIR -shard=0/3', 'check one part'],
    ],
    exit: '0 complete; 1 missing, different or unreadable; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeVerifyOptions,
  run: async (options, context) => (await import('./run/run-verify.ts')).runVerify(options, context),
});

function makeVerifyOptions(given: Given): VerifyOptions {
  const { flags } = given;
  const options = { deep: flags.isOn('deep'), mirror: mirrorOf(flags), repair: flags.isOn('repair') };
  refuseContradictions(flags, options);
  return { ...makePromotionOptions(given), ...options };
}

function refuseContradictions(
  flags: FlagValues,
  { deep, mirror, repair }: Pick<VerifyOptions, 'deep' | 'mirror' | 'repair'>,
): void {
  for (const { name } of CONFIRM_FLAGS) {
    if (flags.isGiven(name) && !repair)
      throw new UsageError(`cip verify is read-only; -${name} is allowed with -repair only`);
  }
  if (repair && !deep) {
    throw new UsageError('-repair needs -deep: without it the content is not checked');
  }
  if (repair && mirror !== undefined) {
    throw new UsageError('-repair is for destinations, and -via queries a mirror in their place: give one');
  }
}

function mirrorOf(flags: FlagValues): Mirror | undefined {
  const text = flags.text('via');
  if (!text) return undefined;
  const mirror = parseMirror(text);
  if (mirror !== undefined) return mirror;
  throw new UsageError(
    `-via is HOST or HOST=ROOT, a host without a scheme and the path that it stands for, not ${quote(text)}`,
  );
}
