import { describe, expect, it } from 'vitest';
import { type Evidence, judgeSignatures } from '../../../src/signature/policy/evidence.ts';
import { TrustedSigners } from '../../../src/signature/policy/trusted-signers.ts';
import { digest } from '../../builders/manifests.ts';
import { attested, refused, signed, signer, slsaV1, STAGING } from './evidence-builders.ts';

const IMAGE = digest('a');
const OTHER = digest('b');
const TRUST = { digest: IMAGE, signers: await TrustedSigners.compile([signer(STAGING)]) };

function judge(items: readonly Evidence[], incomplete?: string) {
  return judgeSignatures({ items, incomplete }, TRUST);
}

describe('the signatures of an image satisfy a policy', () => {
  it.each([
    ['simple signing by a trusted signer', [signed()]],
    ['a bundle by a trusted signer', [signed({}, 'bundle')]],
    ['one that names the image as its second subject', [signed({ subjects: [OTHER, IMAGE] }, 'bundle')]],
    ['a good one beside bad ones', [refused('no log entry', 'signature'), signed({ by: 'x' }), signed()]],
  ])('with %s', (_what, items) => {
    expect(judge(items)).toEqual({ kind: 'satisfied', accepted: [digest('1')] });
  });

  it('with a good one, even if there may be more', () => {
    expect(judge([signed()], 'too many').kind).toBe('satisfied');
  });
});

describe('the signatures of an image violate a policy', () => {
  it.each([
    ['none', [], /^it has no signature$/],
    [
      'another signer',
      [signed({ by: 'x@y.z' })],
      /is signed by sigstore::https:\/\/accounts.google.com::x@y.z$/,
    ],
    [
      'another issuer',
      [signed({ issuer: 'https://evil' })],
      /is signed by sigstore::https:\/\/evil::staging/,
    ],
    [
      'the signature of another image',
      [signed({ subjects: [OTHER] })],
      /is about sha256:bbb.*, not about this one/,
    ],
    [
      'two subjects, none of them this image',
      [signed({ subjects: [OTHER, digest('c')] }, 'bundle')],
      /is about sha256:bbb/,
    ],
    ['no subject', [signed({ subjects: [] })], /is about no image/],
    [
      'one that cannot be verified',
      [refused('the certificate has expired', 'signature')],
      /cannot be verified: the certificate/,
    ],
    ['an attestation, which is no signature', [attested(slsaV1()), refused('x')], /^it has no signature$/],
    ['more reasons than a line has', Array.from({ length: 9 }, () => signed({ by: 'x' })), /; and 6 more$/],
  ])('with %s', (_what, items, reason) => {
    expect(judge(items)).toEqual({ kind: 'violated', reason: expect.stringMatching(reason) });
  });
});

it('incomplete evidence without a good signature is no answer', () => {
  expect(judge([signed({ by: 'x' })], 'only 100 were read')).toEqual({
    kind: 'unanswered',
    reason: 'only 100 were read',
  });
});
