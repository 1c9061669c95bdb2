import { listSome } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import type { StoredSignature, VerifiedSignature } from '../stored-signature.ts';
import { formatSigner } from './signer-rule.ts';
import type { TrustedSigners } from './trusted-signers.ts';

/** A signature or attestation that is stored beside an image, after its verification. */
export type Evidence = {
  /** The manifest that has it. */
  readonly manifest: Digest;
  /** Tag or digest of that manifest, for messages. */
  readonly where: string;
  readonly form: StoredSignature['kind'];
} & (
  | { readonly kind: 'verified'; readonly signature: VerifiedSignature }
  | { readonly kind: 'refused'; readonly reason: string }
);

/** The evidence about one image. */
export interface EvidenceSet {
  readonly items: readonly Evidence[];
  /** Why there may be more. Undefined: there is no more. */
  readonly incomplete?: string | undefined;
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

/** The predicate of signatures that cosign stores as attestations. */
const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';

/** True for a signature; attestations say more than that. */
export function isSignature({ statement }: VerifiedSignature): boolean {
  return statement === undefined || statement.predicateType === COSIGN_SIGN;
}

/** Why evidence does not count for an image; undefined if it does: verified, by a trusted signer, about its digest. */
export function reasonAgainst(
  evidence: Evidence,
  { digest, signers }: { readonly digest: Digest; readonly signers: TrustedSigners },
): string | undefined {
  const { where } = evidence;
  if (evidence.kind === 'refused') return `${where} cannot be verified: ${evidence.reason}`;
  const { signer, subjects } = evidence.signature;
  if (!signers.has(signer)) return `${where} is signed by ${formatSigner(signer)}`;
  if (subjects.includes(digest)) return undefined;
  return `${where} is about ${listSome(subjects) || 'no image'}, not about this one`;
}

/** Whether any signature of the image counts. Pure. */
export function judgeSignatures(
  { items, incomplete }: EvidenceSet,
  trust: { readonly digest: Digest; readonly signers: TrustedSigners },
): Outcome {
  const signatures = items.filter((one) =>
    one.kind === 'verified' ? isSignature(one.signature) : one.form !== 'envelope',
  );
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
