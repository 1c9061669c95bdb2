import { formatPosition } from '../../base/position.ts';
import { formatReference } from '../../image/reference.ts';
import type { EvidenceType } from '../../signature/policy/evidence.ts';
import type { Found } from '../rule.ts';
import type { GuardedImage } from './guarded-images.ts';
import type { PresentFault } from './judge-if-present.ts';
import type { Judged } from './judge-image.ts';

const RETRY = 'resolve the reason, then run again';

/** The finding of an image that does not satisfy a policy. */
export function describeViolation(
  image: GuardedImage,
  { name, guard, outcome }: Judged & { readonly name: 'signatures' | 'provenance' },
): Found {
  const policy = `the policy '${name}' at ${formatPosition(guard.at)}`;
  const reference = formatReference(image.repository, image.digest);
  const reason = outcome.kind === 'satisfied' ? '' : outcome.reason;
  const isAnswered = outcome.kind === 'violated';
  const advice =
    name === 'signatures'
      ? 'sign it as one of the signers of that policy, or change the policy'
      : 'attest it as that policy requires, or change the policy';
  return {
    ...concernsOf(image),
    ...(guard.mode === 'warn' && { level: 'warn' }),
    message: isAnswered
      ? `${reference} violates ${policy}: ${reason}`
      : `${reference} cannot be checked by ${policy}: ${reason}`,
    advice: isAnswered ? advice : RETRY,
  };
}

const FAULTS: Readonly<Record<PresentFault['kind'], { readonly what: string; readonly advice: string }>> = {
  broken: {
    what: 'cannot be trusted',
    advice: 'have it signed and attested again, or delete them from the source',
  },
  foreign: {
    what: 'are by other signers',
    advice:
      'give their signer with -certificate-identity or -signature-key, or declare a policy in the manifest of its source',
  },
  unanswered: { what: 'could not be read', advice: RETRY },
};

/** The finding of an image whose signatures or attestations are not by the signer of the flags. */
export function describePresent(
  image: GuardedImage,
  type: EvidenceType,
  { kind, isWarning, reason }: PresentFault,
): Found {
  const reference = formatReference(image.repository, image.digest);
  const { what, advice } = FAULTS[kind];
  return {
    ...concernsOf(image),
    ...(isWarning && { level: 'warn' }),
    message: `the ${type}s of ${reference} ${what}: ${reason}`,
    advice,
  };
}

function concernsOf({ at, edges }: GuardedImage): Pick<Found, 'at' | 'edges'> {
  return { at, edges: Array.from(edges) };
}
