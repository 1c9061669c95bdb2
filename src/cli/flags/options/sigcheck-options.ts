import { quote } from '../../../base/text.ts';
import { type ImageReference, parseImageReference } from '../../../manifest/image-reference.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import type { SignerPattern } from '../../../signature/identity-policy.ts';
import type { Given } from '../../commands/command.ts';
import { flagsOf } from '../flag.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';
import {
  optionalLocationOf,
  type PromotionOptions,
  type TransferOptions,
  transferOptionsOf,
} from './promotion-options.ts';
import { shardOf } from './shard-option.ts';
import { type SigcheckSigning, sigcheckSigningOf } from './signing-options.ts';
import { certificateSignerOf, DEFAULT_SIGNER, verifierOptionsOf } from './verification-options.ts';

export const SIGCHECK_FLAGS = flagsOf('Images', [
  {
    name: 'from-days',
    value: 'N',
    default: 'no limit',
    description: 'check only images uploaded at most N days ago',
    neverEmpty: true,
  },
  {
    name: 'to-days',
    value: 'N',
    default: '0',
    description: 'check only images uploaded at least N days ago',
    neverEmpty: true,
  },
  {
    name: 'limit',
    value: 'N',
    default: '0, no limit',
    description: 'check the first N digests, in sorted order',
    neverEmpty: true,
  },
  {
    name: 'attestations-since',
    value: 'DATE',
    description: 'accept older images without an attestation, e.g. `2026-09-24`',
    neverEmpty: true,
  },
]);

/** A complete and consistent request for a check of signatures. */
export interface SigcheckOptions extends TransferOptions, Pick<PromotionOptions, 'shard' | 'verifier'> {
  /** Undefined: `references` name the images. */
  readonly where: ManifestLocation | undefined;
  readonly references: readonly ImageReference[] | undefined;
  readonly checked: SigcheckSigning;
  /** Whose signatures count beside those of the signer; undefined for the signer and the keys alone. */
  readonly expected: SignerPattern | undefined;
  /** The same without a default, for the attachments that `-carry=accepted` carries. */
  readonly signer: SignerPattern | undefined;
  /** Days before now. */
  readonly fromDays: number | undefined;
  readonly toDays: number | undefined;
  /** Milliseconds since the epoch. */
  readonly attestationsSince: number | undefined;
  readonly limit: number | undefined;
}

/** The options of a check of signatures. Throws a `UsageError`. */
export function makeSigcheckOptions({ flags, operands, env }: Given): SigcheckOptions {
  const options = transferOptionsOf(flags);
  const verifier = verifierOptionsOf(flags);
  const where = optionalLocationOf(flags);
  const references = referencesOf(operands);
  refuseScope(where, references);
  const checked = sigcheckSigningOf(flags, { env, confirm: options.task === 'promotion' });
  const signer = certificateSignerOf(flags);
  const isNamed = checked.signer !== undefined || verifier.keys.length > 0;
  const days = { fromDays: numberOf(flags, 'from-days'), toDays: numberOf(flags, 'to-days') };
  refuseEmptyWindow(days);
  return {
    ...options,
    ...days,
    warnings: [...options.warnings, ...warningsOf(flags, references)],
    shard: shardOf({ shard: flags.text('shard'), shardCount: flags.text('shard-count') }, env),
    verifier,
    where,
    references,
    checked,
    expected: signer ?? (isNamed ? undefined : DEFAULT_SIGNER),
    signer,
    attestationsSince: dateOf(flags.text('attestations-since')),
    limit: numberOf(flags, 'limit') || undefined,
  };
}

function warningsOf(flags: FlagValues, references: SigcheckOptions['references']): readonly string[] {
  if (references === undefined) return [];
  const given = (...names: readonly string[]) => names.filter((name) => flags.isGiven(name));
  const aged = given('from-days', 'to-days', 'attestations-since');
  const carrying = given('carry', 'carry-types');
  return [
    ...aged.map((name) => `-${name} has no effect with image references: each of them is checked`),
    ...carrying.map((name) => `-${name} has no effect with image references: they have no source`),
  ];
}

function referencesOf(operands: readonly string[]): SigcheckOptions['references'] {
  if (operands.length === 0) return undefined;
  return operands.map((text) => {
    const parsed = parseImageReference(text);
    if ('fault' in parsed) throw new UsageError(parsed.fault);
    const { tag, digest } = parsed.value;
    if (tag !== undefined || digest !== undefined) return parsed.value;
    throw new UsageError(`${quote(text)} has no tag and no digest: latest is not assumed, name one`);
  });
}

function refuseScope(where: ManifestLocation | undefined, references: SigcheckOptions['references']): void {
  if (where !== undefined && references !== undefined)
    throw new UsageError('image references and manifests are two scopes of a check: give one');
  if (where !== undefined || references !== undefined) return;
  throw new UsageError(
    'no images given: add -thin-manifest-dir=DIR or -manifest=FILE to check all that manifests promote (kpromo listed one fixed registry), or name images: cip sigcheck REPOSITORY:TAG',
  );
}

function refuseEmptyWindow({ fromDays, toDays = 0 }: Pick<SigcheckOptions, 'fromDays' | 'toDays'>): void {
  if (fromDays === undefined || fromDays >= toDays) return;
  throw new UsageError(
    `-from-days=${fromDays} and -to-days=${toDays} leave no time between them: the first is the larger one`,
  );
}

function numberOf(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(`-${name} is a whole number of 0 or more, not ${quote(text)}`);
}

function dateOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError(`-attestations-since is a date such as 2026-09-24, not ${quote(text)}`);
}
