import { flagsOf } from '../flags/flag.ts';
import {
  ALLOW_LOST_FLAGS,
  BROWSE_FLAGS,
  CHANGE_FLAGS,
  CONFIRM_FLAGS,
  LOCATION_FLAGS,
  PROMOTION_FLAGS,
  REPORT_FLAGS,
  RULE_FLAGS,
  RUN_FLAGS,
  SCOPE_FLAGS,
} from '../flags/flags.ts';
import { SIGNER_FLAGS } from '../flags/options/signer-options.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import { makePromotionOptions, type PromotionOptions } from '../flags/options/promotion-options.ts';
import { SIGNING_FLAGS } from '../flags/options/signing-options.ts';
import { VULNERABILITY_FLAGS } from '../flags/options/vulnerability-options.ts';
import { isSnapshot, makeSnapshotOptions, type SnapshotOptions } from '../flags/options/snapshot-options.ts';
import { CERTIFICATE_FLAGS, VERIFICATION_FLAGS } from '../flags/options/verification-options.ts';
import { defineCommand } from './command.ts';

/** The flags of `cip` alone ask for a promotion or for a snapshot. */
export type PromoteRequest =
  | { readonly kind: 'promotion'; readonly options: PromotionOptions }
  | { readonly kind: 'snapshot'; readonly options: SnapshotOptions };

const PARSE_ONLY_FLAGS = flagsOf('Manifests', [
  { name: 'parse-only', description: 'check the manifests without network access, then stop' },
]);

const ANNOTATION_FLAGS = flagsOf('Report', [
  {
    name: 'annotations',
    value: 'FORMAT',
    values: ['github'],
    description: 'print findings as annotations of a workflow: `github`',
    neverEmpty: true,
  },
]);

const PLAN_FLAGS = flagsOf('Plan files', [
  {
    name: 'plan-out',
    value: 'FILE',
    description: 'write the plan of a dry run, for `cip apply`; `-` is stdout',
    neverEmpty: true,
  },
  {
    name: 'plan-key',
    value: 'FILE',
    description: 'sign the plan with this private key (ed25519, PEM)',
    neverEmpty: true,
  },
]);

const REVIEW_FLAGS = flagsOf('Report', [
  {
    name: 'review',
    description: 'add a review of new images to the Markdown report',
  },
]);

const SNAPSHOT_FLAGS = flagsOf('Snapshots', [
  {
    name: 'snapshot',
    value: 'REG',
    description: 'print all images at or below a registry, then stop',
    neverEmpty: true,
  },
  {
    name: 'manifest-based-snapshot-of',
    value: 'REG',
    description: 'print what the manifests want there, then stop',
    neverEmpty: true,
  },
]);

/** `cip` without a command: a promotion, its dry run, or a snapshot. */
export const promote = defineCommand<PromoteRequest>({
  words: '',
  isOfKpromo: true,
  flags: [
    ...LOCATION_FLAGS,
    ...PARSE_ONLY_FLAGS,
    ...RULE_FLAGS,
    ...CHANGE_FLAGS,
    ...CONFIRM_FLAGS,
    ...SCOPE_FLAGS,
    ...ALLOW_LOST_FLAGS,
    ...PROMOTION_FLAGS,
    ...SIGNER_FLAGS,
    ...SIGNING_FLAGS,
    ...CERTIFICATE_FLAGS,
    ...VERIFICATION_FLAGS,
    ...VULNERABILITY_FLAGS,
    ...PLAN_FLAGS,
    ...REPORT_FLAGS,
    ...ANNOTATION_FLAGS,
    ...REVIEW_FLAGS,
    ...SNAPSHOT_FLAGS,
    ...BROWSE_FLAGS,
    ...RUN_FLAGS,
    ...FORMER_FLAGS,
  ],
  help: {
    about:
      'promotes container images: it copies images from staging to production registries,\nby digest, as promoter manifests say.',
    examples: [
      ['-thin-manifest-dir=DIR', 'show what a promotion would do (dry run)'],
      ['-thin-manifest-dir=DIR -confirm', 'promote'],
      ['-manifest=FILE -parse-only', 'check manifests without network access'],
      ['-snapshot=REG', 'print the images of a registry'],
    ],
    common: [
      'manifest',
      'thin-manifest-dir',
      'parse-only',
      'manifest-diff-base',
      'confirm',
      'shard',
      'deadline',
      'allow-lost',
      'rule',
      'report',
      'report-markdown',
      'snapshot',
      'threads',
      'key-files',
      'log-level',
      'version',
      'help',
      'help-all',
    ],
    exit: '0 success; 1 images missing, refused or failed; 2 unusable input; 130, 143 stopped.',
  },
  parse: (given) =>
    isSnapshot(given.flags)
      ? { kind: 'snapshot', options: makeSnapshotOptions(given) }
      : { kind: 'promotion', options: makePromotionOptions(given) },
  run: async (request, context) =>
    request.kind === 'snapshot'
      ? (await import('./run/run-snapshot.ts')).runSnapshot(request.options, context)
      : (await import('./run/run-promotion.ts')).runPromotion(request.options, context),
});
