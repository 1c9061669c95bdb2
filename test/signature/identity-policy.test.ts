import { expect, it } from 'vitest';
import { signerOfFlags, type SignerPattern } from '../../src/signature/identity-policy.ts';
import { parseSignerRule } from '../../src/signature/policy/signer-rule.ts';
import { TrustedSigners } from '../../src/signature/policy/trusted-signers.ts';

const GOOGLE = 'https://accounts.google.com';
const TRUST = 'krel-trust@example.iam.gserviceaccount.com';

function certificateRule(text: string) {
  const rule = parseSignerRule(text);
  if ('fault' in rule || rule.kind !== 'certificate') throw new Error(`${text} is no signer by certificate`);
  return rule;
}

function compile(patterns: readonly SignerPattern[]) {
  return TrustedSigners.compile(patterns.map((pattern) => ({ kind: 'certificate', text: '', ...pattern })));
}

async function matches(text: string, identity: string, issuer = GOOGLE) {
  const signers = await compile([certificateRule(text)]);
  return signers.has({ kind: 'certificate', issuer, identity });
}

it.each([
  ['the identity', `sigstore::${GOOGLE}::${TRUST}`, TRUST, true],
  ['a dot is a dot', `sigstore::${GOOGLE}::a.b`, 'axb', false],
  ['an expression', `sigstore(identityMatch=regex)::${GOOGLE}::krel-(staging|trust)@.*`, TRUST, true],
  ['named exact', `sigstore(identityMatch=exact)::${GOOGLE}::${TRUST}`, TRUST, true],
  ['unanchored at the end', `sigstore(identityMatch=regex)::${GOOGLE}::krel-trust@example`, TRUST, false],
  ['unanchored at the start', `sigstore(identityMatch=regex)::${GOOGLE}::trust@.*`, TRUST, false],
  ['either of two', `sigstore(identityMatch=regex)::${GOOGLE}::a|ab`, 'ab', true],
  ['part of two', `sigstore(identityMatch=regex)::${GOOGLE}::a|ab`, 'abc', false],
  ['a line of several', `sigstore(identityMatch=regex)::${GOOGLE}::(?m)^a$`, 'a\nb', false],
  ['an identity with colons', `sigstore::${GOOGLE}::urn::x`, 'urn::x', true],
])('%s', async (_, text, identity, expected) => {
  expect(await matches(text, identity)).toBe(expected);
});

it('another issuer is another signer', async () => {
  expect(await matches(`sigstore::${GOOGLE}::${TRUST}`, TRUST, `${GOOGLE}.evil.com`)).toBe(false);
});

it('a key is no signer by certificate', async () => {
  const any = { kind: 'expression', text: '.*' } as const;
  const signers = await compile([{ issuer: any, identity: any }]);
  expect(signers.has({ kind: 'key', fingerprint: 'ab' })).toBe(false);
});

it.each([
  ['an expression alone counts', { identity: TRUST, identityRegexp: 'other', issuer: GOOGLE }, false],
  [
    'an expression beside an exact default',
    { identity: 'x', identityRegexp: 'krel-.*', issuer: GOOGLE },
    true,
  ],
  ['an expression of issuers', { identity: TRUST, issuer: 'x', issuerRegexp: 'https://.*google.com' }, true],
  ['an unanchored expression of issuers', { identity: TRUST, issuerRegexp: 'accounts' }, false],
])('flags: %s', async (_, flags, expected) => {
  const signer = signerOfFlags(flags);
  const signers = await compile(signer === undefined ? [] : [signer]);
  expect(signers.has({ kind: 'certificate', issuer: GOOGLE, identity: TRUST })).toBe(expected);
});

it('flags without an issuer name nobody', () => {
  expect(signerOfFlags({ identity: TRUST, issuer: '' })).toBeUndefined();
});

it('names an expression that is not RE2', async () => {
  const rule = certificateRule(`sigstore(identityMatch=regex)::${GOOGLE}::(a`);
  await expect(compile([rule])).rejects.toThrow('the expression "(a" is not RE2');
});

it('an expression takes linear time', async () => {
  expect(await matches(`sigstore(identityMatch=regex)::${GOOGLE}::(a+)+b`, 'a'.repeat(50_000))).toBe(false);
});
