import { describe, expect, it } from 'vitest';
import { faultOfExpression, TrustedSigners } from '../../../src/signature/policy/identity-pattern.ts';
import { parseSignerRule } from '../../../src/signature/policy/signer-rule.ts';

function trusted(...texts: readonly string[]): TrustedSigners {
  return new TrustedSigners(
    texts.map((text) => {
      const rule = parseSignerRule(text);
      if ('fault' in rule) throw new Error(rule.fault);
      return rule;
    }),
  );
}

function certificate(identity: string, issuer = 'https://i') {
  return { kind: 'certificate', issuer, identity } as const;
}

describe('an expression', () => {
  const signers = trusted('sigstore(identityMatch=regex)::https://i::(a@k\\.io)|(b@k\\.io)');

  it.each(['a@k.io', 'b@k.io'])('matches %j', (identity) => {
    expect(signers.has(certificate(identity))).toBe(true);
  });

  it.each(['evil-a@k.io', 'a@k.io.evil.example', 'b@k.ioo', 'a@k.io\n', '\na@k.io', 'a@kxio', '', 'A@k.io'])(
    'has to match the whole identity, so not %j',
    (identity) => {
      expect(signers.has(certificate(identity))).toBe(false);
    },
  );

  it('takes linear time', () => {
    const slow = trusted('sigstore(identityMatch=regex)::https://i::(a+)+b');
    expect(slow.has(certificate('a'.repeat(20_000)))).toBe(false);
  });

  it.each(['(a', '(?=a)', 'a{2000}'])('may not be %s', (text) => {
    expect(faultOfExpression(text)).toMatch(/is no expression of RE2: /);
  });

  it('may be RE2', () => expect(faultOfExpression('^(?i)a[[:alpha:]]+$')).toBeUndefined());
});

describe('an exact signer', () => {
  const signers = trusted('sigstore::https://i::a.b@c', 'sigstore::https://j::x');

  it('needs its own issuer', () => {
    expect(signers.has(certificate('a.b@c'))).toBe(true);
    expect(signers.has(certificate('a.b@c', 'https://j'))).toBe(false);
    expect(signers.has(certificate('a.b@c', 'https://i/'))).toBe(false);
    expect(signers.has(certificate('axb@c'))).toBe(false);
  });

  it('is never a key', () => expect(signers.has({ kind: 'key', fingerprint: 'a.b@c' })).toBe(false));
});

it('a key is never a certificate', () => {
  const signers = trusted('key::MFkwEwYHKoZIzj0CAQ==');
  const [rule] = signers.matching({ kind: 'key', fingerprint: '' });
  expect(rule).toBeUndefined();
  expect(signers.has(certificate('key::MFkwEwYHKoZIzj0CAQ=='))).toBe(false);
});

it('the rules that a signer matches are all of them', () => {
  const signers = trusted('sigstore::https://i::a', 'sigstore(identityMatch=regex)::https://i::a|b');
  expect(signers.matching(certificate('a'))).toHaveLength(2);
  expect(signers.matching(certificate('b')).map(({ text }) => text)).toEqual([
    'sigstore(identityMatch=regex)::https://i::a|b',
  ]);
});
