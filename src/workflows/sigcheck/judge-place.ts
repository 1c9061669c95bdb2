import { countOf, listSome } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import type { SigcheckDecision } from '../../report/sigcheck/sigcheck.ts';
import type { MissingPart } from '../../sign/signing.ts';
import type { FoundSignature } from './read-evidence.ts';

export interface PlaceEvidence {
  readonly missing: readonly MissingPart[];
  /** The image, and the children of an index. */
  readonly subjects: readonly Digest[];
  readonly evidence: readonly FoundSignature[];
  /** The expected signer in words. */
  readonly expected: string;
}

export interface Judgement {
  readonly decision: Extract<
    SigcheckDecision,
    'signed' | 'unsigned' | 'partial' | 'unattested' | 'other-identity' | 'refused'
  >;
  readonly reason: string;
}

/** The result for an image with missing parts. Pure. */
export function judgePlace(place: PlaceEvidence): Judgement {
  const { missing, evidence } = place;
  if (missing.length === 0) return { decision: 'signed', reason: '' };
  const attestations = evidence.filter(({ isSignature }) => !isSignature);
  const attestation = missing.includes('attestation') ? describeAttestation(attestations) : '';
  if (!missing.some(isSignaturePart)) return { decision: 'unattested', reason: attestation };
  const { decision, reason } = judgeSignatures(
    place,
    evidence.filter(({ isSignature }) => isSignature),
  );
  return { decision, reason: attestation === '' ? reason : `${reason}; ${attestation}` };
}

function isSignaturePart(part: MissingPart): boolean {
  return part === 'signature' || part === 'signature-tag';
}

function judgeSignatures(place: PlaceEvidence, signatures: readonly FoundSignature[]): Judgement {
  const { expected } = place;
  const textsOf = (...kinds: readonly FoundSignature['kind'][]) =>
    Array.from(new Set(signatures.filter(({ kind }) => kinds.includes(kind)).map(({ text }) => text)));
  if (signatures.some(({ kind }) => kind === 'accepted'))
    return { decision: 'partial', reason: describePart(place, signatures) };
  const others = textsOf('other');
  if (others.length > 0)
    return { decision: 'other-identity', reason: `signed by ${listSome(others)}, not by ${expected}` };
  const refused = textsOf('refused');
  if (refused.length > 0) return { decision: 'refused', reason: `no valid signature: ${listSome(refused)}` };
  const [unknownKey] = textsOf('unknown-key');
  if (unknownKey !== undefined)
    return { decision: 'other-identity', reason: `no signature by ${expected}: ${unknownKey}` };
  const misplaced = textsOf('misplaced');
  if (misplaced.length > 0)
    return { decision: 'refused', reason: `a signature of another image, by ${listSome(misplaced)}` };
  return { decision: 'unsigned', reason: 'no signature' };
}

function describePart({ subjects, missing }: PlaceEvidence, signatures: readonly FoundSignature[]): string {
  const signed = new Set(signatures.filter(({ kind }) => kind === 'accepted').map(({ subject }) => subject));
  const unsigned = subjects.filter((subject) => !signed.has(subject)).length;
  if (unsigned > 0)
    return `${unsigned} of ${countOf(subjects.length, 'manifest')} of the index have no signature`;
  const forms = missing.filter(isSignaturePart).map((part) => FORMS[part]);
  return `not signed as ${forms.join(' and ')}`;
}

const FORMS: Readonly<Record<MissingPart, string>> = {
  signature: 'a bundle for all of its manifests',
  'signature-tag': 'a tag .sig with the public name of the image',
  attestation: 'an attestation',
  summary: 'a verification summary',
};

function describeAttestation(attestations: readonly FoundSignature[]): string {
  const others = Array.from(
    new Set(attestations.filter(({ kind }) => kind === 'other').map(({ text }) => text)),
  );
  return others.length === 0
    ? 'no attestation of its promotion'
    : `no attestation of its promotion; there are some by ${listSome(others)}`;
}
