import {
  CHANGE_FLAGS,
  CONFIRM_FLAGS,
  LOCATION_FLAGS,
  PROMOTION_FLAGS,
  REPORT_FLAGS,
  RUN_FLAGS,
  SCOPE_FLAGS,
} from '../flags/flags.ts';
import { SIGNER_FLAGS } from '../flags/options/signer-options.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import {
  makeSigcheckOptions,
  SIGCHECK_FLAGS,
  type SigcheckOptions,
} from '../flags/options/sigcheck-options.ts';
import { SIGNING_FLAGS } from '../flags/options/signing-options.ts';
import { CERTIFICATE_FLAGS, VERIFICATION_FLAGS } from '../flags/options/verification-options.ts';
import { defineCommand } from './command.ts';

/** Flags of signing that have no use here: all images are checked, and no verification summaries. */
const UNUSED: readonly string[] = ['sign-scope', 'verification-summaries', 'summary-signer-account'];

/** The flags for carrying. There is no `-carry-scope`: the attachments of every checked image are compared. */
const CARRY_FLAGS: readonly string[] = ['carry', 'carry-types', 'spool-limit'];

/** `cip sigcheck`, also `kpromo sigcheck`. */
export const sigcheck = defineCommand<SigcheckOptions>({
  words: 'sigcheck',
  isOfKpromo: true,
  operands: '[images...]',
  flags: [
    ...LOCATION_FLAGS,
    ...CONFIRM_FLAGS,
    ...SIGCHECK_FLAGS,
    ...PROMOTION_FLAGS.filter(({ name }) => CARRY_FLAGS.includes(name)),
    ...CERTIFICATE_FLAGS,
    ...VERIFICATION_FLAGS,
    ...SIGNER_FLAGS,
    ...SIGNING_FLAGS.filter(({ name }) => !UNUSED.includes(name)),
    ...SCOPE_FLAGS.filter(({ name }) => name !== 'no-siblings'),
    ...REPORT_FLAGS,
    ...RUN_FLAGS,
    ...FORMER_FLAGS,
  ],
  refusal: (flag) =>
    CHANGE_FLAGS.some(({ name }) => name === flag)
      ? `cip sigcheck checks all that the manifests promote; -${flag} is not allowed`
      : `cip sigcheck promotes no images; -${flag} is not allowed`,
  help: {
    about: 'verifies the signatures and attestations of promoted images, and repairs them with -confirm.',
    summary: ['-thin-manifest-dir=DIR', 'verify the signatures of promoted images'],
    examples: [
      ['-thin-manifest-dir=DIR', 'verify the signatures of all promoted images'],
      ['-thin-manifest-dir=DIR -from-days=7', 'verify those uploaded in the last 7 days'],
      ['-thin-manifest-dir=DIR -confirm -signer-account=ACCOUNT', 'sign and attest what is missing'],
      ['REPOSITORY:TAG -signature-key=cosign.pub', 'verify one image by a key'],
    ],
    notes: [
      'The signer is expected to be that of -certificate-identity and -certificate-oidc-issuer, a key of',
      '-signature-key, or the signer of the run. Without any of them: the signer of the Kubernetes images.',
    ],
    exit: '0 all signed; 1 problems remain; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeSigcheckOptions,
  run: async (options, context) => (await import('./run/run-sigcheck.ts')).runSigcheck(options, context),
});
