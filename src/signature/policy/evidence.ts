import { listSome } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import { SIGN_PREDICATE } from '../media-types.ts';
import type { VerifiedSignature } from '../stored-signature.ts';
import { formatSigner } from './signer-rule.ts';
import type { TrustedSigners } from './trusted-signers.ts';

/** An attestation has a predicate, a signature has none. */
export type EvidenceType = 'signature' | 'attestation';

/** A signature or attestation that is stored beside an image, after its verification. */
export type Evidence = {
  /** The manifest that has it. */
  readonly manifest: Digest;
  /** For messages: a tag of cosign's, or a referrer. */
  readonly where: string;
  /** True for cosign's tags. */
  readonly isTagged: boolean;
  /** That of the verified content, or else the declared one. */
  readonly type: EvidenceType;
} & (
  | { readonly kind: 'verified'; readonly signature: VerifiedSignature }
  | { readonly kind: 'refused'; readonly reason: string }
);

/** The evidence about one image. */
export interface EvidenceSet {
  readonly items: readonly Evidence[];
  /** Why there may be more. Undefined: there is no more. */
  readonly incomplete?: string | undefined;
  /** The read that failed, where that is why there may be more: another run may read it. */
  readonly failure?: string | undefined;
}

/**
 * The result of a policy for one image.
 *
 * - `satisfied`   `accepted` are the manifests of the attestations that count
 * - `violated`    the evidence was read, and is not enough
 * - `unanswered`  the evidence could not be read, or not completely
 */
export type Outcome =
  | { readonly kind: 'satisfied'; readonly level?: number; readonly accepted: readonly Digest[] }
  | { readonly kind: 'violated' | 'unanswered'; readonly reason: string };

/** The SLSA build level of an image (1 to 3) by the provenance policy: `unevaluated` without a policy, or without an answer. */
export type BuildLevel = number | 'unevaluated' | 'failed';

/** cosign stores signatures as statements, too. */
export function evidenceTypeOf({ statement }: VerifiedSignature): EvidenceType {
  return statement === undefined || statement.predicateType === SIGN_PREDICATE ? 'signature' : 'attestation';
}

/** Why evidence does not count for an image; undefined if it does: verified, by a trusted signer, about its digest. */
export function reasonAgainst(
  evidence: Evidence,
  { digest, signers }: { readonly digest: Digest; readonly signers: TrustedSigners },
): string | undefined {
  const { where } = evidence;
  if (evidence.kind === 'refused') return `${where} cannot be verified: ${evidence.reason}`;
  const { signer, subjects } = evidence.signature;
  if (!subjects.includes(digest))
    return `${where} is about ${listSome(subjects) || 'no image'}, not about this one`;
  return signers.has(signer) ? undefined : `${where} is signed by ${formatSigner(signer)}`;
}

/** Whether any signature of the image counts. Pure. */
export function judgeSignatures(
  { items, incomplete }: EvidenceSet,
  trust: { readonly digest: Digest; readonly signers: TrustedSigners },
): Outcome {
  const signatures = items.filter(({ type }) => type === 'signature');
  const accepted = signatures.filter((one) => reasonAgainst(one, trust) === undefined);
  if (accepted.length > 0) return { kind: 'satisfied', accepted: accepted.map(({ manifest }) => manifest) };
  if (incomplete !== undefined) return { kind: 'unanswered', reason: incomplete };
  const reasons = signatures.map((one) => reasonAgainst(one, trust) ?? '');
  return { kind: 'violated', reason: reasons.length === 0 ? 'it has no signature' : listReasons(reasons) };
}

const MAX_REASONS = 3;

/** Some reasons on one line. */
export function listReasons(reasons: readonly string[]): string {
  const shown = reasons.slice(0, MAX_REASONS).join('; ');
  return reasons.length > MAX_REASONS ? `${shown}; and ${reasons.length - MAX_REASONS} more` : shown;
}
