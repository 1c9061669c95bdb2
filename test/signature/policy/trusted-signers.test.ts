import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseSignerRule } from '../../../src/signature/policy/signer-rule.ts';
import { TrustedSigners } from '../../../src/signature/policy/trusted-signers.ts';

function trusted(...texts: readonly string[]): Promise<TrustedSigners> {
  return TrustedSigners.compile(
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
  const compiling = trusted('sigstore(identityMatch=regex)::https://i::(a@k\\.io)|(b@k\\.io)');

  it.each(['a@k.io', 'b@k.io'])('matches %j', async (identity) => {
    const signers = await compiling;
    expect(signers.has(certificate(identity))).toBe(true);
  });

  it.each(['evil-a@k.io', 'a@k.io.evil.example', 'b@k.ioo', 'a@k.io\n', '\na@k.io', 'a@kxio', '', 'A@k.io'])(
    'has to match the whole identity, so not %j',
    async (identity) => {
      const signers = await compiling;
      expect(signers.has(certificate(identity))).toBe(false);
    },
  );

  it('takes linear time', async () => {
    const slow = await trusted('sigstore(identityMatch=regex)::https://i::(a+)+b');
    expect(slow.has(certificate('a'.repeat(20_000)))).toBe(false);
  });

  it.each(['(a', '(?=a)', 'a{2000}'])('may not be %s', async (text) => {
    await expect(trusted(`sigstore(identityMatch=regex)::https://i::${text}`)).rejects.toThrow(
      /is not RE2: /,
    );
  });
});

describe('an exact signer', () => {
  const compiling = trusted('sigstore::https://i::a.b@c', 'sigstore::https://j::x');

  it('needs its own issuer', async () => {
    const signers = await compiling;
    expect(signers.has(certificate('a.b@c'))).toBe(true);
    expect(signers.has(certificate('a.b@c', 'https://j'))).toBe(false);
    expect(signers.has(certificate('a.b@c', 'https://i/'))).toBe(false);
    expect(signers.has(certificate('axb@c'))).toBe(false);
  });

  it('is never a key', async () => {
    expect((await compiling).has({ kind: 'key', fingerprint: 'a.b@c' })).toBe(false);
  });
});

it('a key is never a certificate', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = `key::${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
  const signers = await trusted(key);
  const [rule] = signers.matching({ kind: 'key', fingerprint: '' });
  expect(rule).toBeUndefined();
  expect(signers.has(certificate(key))).toBe(false);
});

it('the rules that a signer matches are all of them', async () => {
  const signers = await trusted('sigstore::https://i::a', 'sigstore(identityMatch=regex)::https://i::a|b');
  expect(signers.matching(certificate('a'))).toHaveLength(2);
  expect(signers.matching(certificate('b')).map(({ text }) => text)).toEqual([
    'sigstore(identityMatch=regex)::https://i::a|b',
  ]);
});
