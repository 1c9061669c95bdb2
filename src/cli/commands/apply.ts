import { quote } from '../../base/text.ts';
import { flagsOf } from '../flags/flag.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import {
  ALLOW_LOST_FLAGS,
  CONFIRM_FLAGS,
  LOCATION_FLAGS,
  PLAN_TRUST_FLAGS,
  PROMOTION_FLAGS,
  REPORT_FLAGS,
  RUN_FLAGS,
  SCOPE_FLAGS,
} from '../flags/flags.ts';
import { SIGNER_FLAGS } from '../flags/options/signer-options.ts';
import { parseDuration } from '../flags/options/deadline-option.ts';
import { makeUnlocatedOptions, optionalLocationOf } from '../flags/options/promotion-options.ts';
import { SIGNING_FLAGS } from '../flags/options/signing-options.ts';
import { VERIFICATION_FLAGS } from '../flags/options/verification-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { ApplyOptions } from './run/run-apply.ts';

const APPLY_FLAGS = flagsOf('Plan files', [
  {
    name: 'max-plan-age',
    value: 'DURATION',
    default: '168h',
    description: 'refuse a plan that is older; `0` is no limit',
    neverEmpty: true,
  },
]);

/** Flags that decide a plan. A plan file is already decided. */
const DECIDING: ReadonlySet<string> = new Set(['no-siblings', 'prove', 'max-image-size']);

/** `cip apply`. */
export const apply = defineCommand<ApplyOptions>({
  words: 'apply',
  operands: '<file>',
  completion: 'files',
  flags: [
    ...LOCATION_FLAGS,
    ...CONFIRM_FLAGS,
    ...[...SCOPE_FLAGS, ...ALLOW_LOST_FLAGS, ...PROMOTION_FLAGS].filter(({ name }) => !DECIDING.has(name)),
    ...SIGNER_FLAGS,
    ...SIGNING_FLAGS,
    ...VERIFICATION_FLAGS,
    ...APPLY_FLAGS,
    ...PLAN_TRUST_FLAGS,
    ...REPORT_FLAGS,
    ...RUN_FLAGS,
  ],
  help: {
    about: 'applies a plan file (-plan-out=FILE), and writes nothing else.',
    summary: ['FILE -confirm', 'apply a plan file'],
    examples: [
      ['plan.json', 'show what is still to do (dry run)'],
      ['plan.json -confirm', 'apply the plan; an interrupted run can be repeated'],
      ['plan.json -confirm -plan-trusted-key=key.pub', 'demand a signature'],
      ['plan.json -confirm -thin-manifest-dir=DIR', 'refuse it if the manifests want other images by now'],
      ['plan.json -confirm -shard=0/3', 'apply one part'],
    ],
    exit: '0 success; 1 images missing, refused or failed; 2 plan refused; 130, 143 stopped.',
  },
  parse: makeApplyOptions,
  run: async (options, context) => (await import('./run/run-apply.ts')).runApply(options, context),
});

function makeApplyOptions(given: Given): ApplyOptions {
  const { flags, operands } = given;
  const [file = ''] = operands;
  return {
    ...makeUnlocatedOptions(given),
    file,
    where: optionalLocationOf(flags),
    maxPlanAge: maxPlanAgeOf(flags),
    trustedKeys: flags.all('plan-trusted-key'),
  };
}

/** Seven days, in milliseconds. */
const DEFAULT_MAX_AGE = 168 * 3_600_000;

function maxPlanAgeOf(flags: FlagValues): number | undefined {
  const text = flags.text('max-plan-age');
  if (text === undefined) return DEFAULT_MAX_AGE;
  const milliseconds = text === '0' ? 0 : parseDuration(text);
  if (milliseconds === undefined) {
    throw new UsageError(
      `-max-plan-age is a duration like 168h or 90m, or 0 for no limit, not ${quote(text)}`,
    );
  }
  return milliseconds === 0 ? undefined : milliseconds;
}
