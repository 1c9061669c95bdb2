import type { Digest } from '../../image/digest.ts';
import {
  type Evidence,
  type EvidenceSet,
  listReasons,
  reasonAgainst,
} from '../../signature/policy/evidence.ts';
import type { TrustedSigners } from '../../signature/policy/trusted-signers.ts';

export interface PresentOutcome {
  /** Why the image is not as the flags say. Undefined: it is. */
  readonly fault: PresentFault | undefined;
  readonly accepted: readonly Digest[];
}

export interface PresentFault {
  readonly kind: 'broken' | 'foreign' | 'unanswered';
  /** Whether the image is promoted nevertheless. */
  readonly isWarning: boolean;
  readonly reason: string;
}

/**
 * The check of the certificate flags, with the meaning of kpromo: an image needs no signature and no attestation, and one
 * good one is enough. Otherwise any that cannot be verified, or is about another image, is a fault. Those of another
 * signer are a warning, except for the tag `.sig`, whose signatures have to have one by the signer.
 */
export function judgeIfPresent(
  { items, incomplete }: EvidenceSet,
  trust: { readonly digest: Digest; readonly signers: TrustedSigners },
): PresentOutcome {
  const accepted = items.filter((one) => reasonAgainst(one, trust) === undefined);
  if (accepted.length > 0) return { fault: undefined, accepted: accepted.map(({ manifest }) => manifest) };
  return { fault: faultOf(items, incomplete, trust), accepted: [] };
}

function faultOf(
  items: readonly Evidence[],
  incomplete: string | undefined,
  trust: { readonly digest: Digest; readonly signers: TrustedSigners },
): PresentFault | undefined {
  if (incomplete !== undefined) return { kind: 'unanswered', isWarning: false, reason: incomplete };
  if (items.length === 0) return undefined;
  const broken = items.filter((one) => !isSound(one, trust.digest));
  if (broken.length > 0) return { kind: 'broken', isWarning: false, reason: reasonOf(broken, trust) };
  const isSigned = items.some(({ type, isTagged }) => type === 'signature' && isTagged);
  return { kind: 'foreign', isWarning: !isSigned, reason: reasonOf(items, trust) };
}

function isSound(one: Evidence, digest: Digest): boolean {
  return one.kind === 'verified' && one.signature.subjects.includes(digest);
}

function reasonOf(items: readonly Evidence[], trust: Parameters<typeof reasonAgainst>[1]): string {
  return listReasons(items.map((one) => reasonAgainst(one, trust) ?? ''));
}
