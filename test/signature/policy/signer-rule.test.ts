import { generateKeyPairSync } from 'node:crypto';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { expressionsOf, formatSigner, parseSignerRule } from '../../../src/signature/policy/signer-rule.ts';

/** The first line of a key, as pasted by mistake. */
const TRUNCATED = 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEcT2rvMHCRI8Rp9yKMhh62QUPSh7';

describe('a signer', () => {
  it.each([
    ['sigstore::https://i.example::a@b.c', ['exact', 'https://i.example'], ['exact', 'a@b.c']],
    ['  sigstore::https://i::spiffe://x::y ', ['exact', 'https://i'], ['exact', 'spiffe://x::y']],
    ['sigstore(identityMatch=regex)::https://i::a|b', ['exact', 'https://i'], ['expression', 'a|b']],
    ['sigstore(issuerMatch=regex)::https://.*::a', ['expression', 'https://.*'], ['exact', 'a']],
    ['sigstore(issuerMatch=regex, identityMatch=regex)::x::y', ['expression', 'x'], ['expression', 'y']],
    ['sigstore(identityMatch=exact)::x::a.b', ['exact', 'x'], ['exact', 'a.b']],
  ])('may be %s', (text, [issuerKind, issuer], [identityKind, identity]) => {
    expect(parseSignerRule(text)).toEqual({
      kind: 'certificate',
      issuer: { kind: issuerKind, text: issuer },
      identity: { kind: identityKind, text: identity },
      text: text.trim(),
    });
  });

  it.each([
    ['', /expected "sigstore::/],
    ['a@b.c', /expected "sigstore::/],
    ['sigstore::https://i', /expected "sigstore::/],
    ['sigstore::::a', /expected "sigstore::/],
    ['sigstore::https://i::', /expected "sigstore::/],
    ['sigstorex::https://i::a', /expected "sigstore::/],
    ['sigstore(regexp)::https://i::a', /unknown matcher "regexp"/],
    ['sigstore(identityMatch=glob)::https://i::a', /unknown matcher "identityMatch=glob"/],
    ['sigstore(identityMatch=regex/i)::https://i::a', /unknown matcher/],
    ['sigstore(__proto__=regex)::https://i::a', /unknown matcher/],
    ['key::', /base64 of a public key/],
    ['key::cosign.pub', /base64 of a public key/],
    ['key::aGVsbG8=', /base64 of a public key/],
    [`key::${TRUNCATED}`, /base64 of a public key/],
  ])('may not be %j', (text, reason) => {
    expect(parseSignerRule(text)).toEqual({ fault: expect.stringMatching(reason) });
  });

  it('may be a key: as PEM, or its base64 alone', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const der = publicKey.export({ type: 'spki', format: 'der' });
    const fingerprint = createHash('sha256').update(der).digest('hex');
    const base64 = der.toString('base64');
    const rule = { kind: 'key', fingerprint, pem, text: `key::${base64}` };
    expect(parseSignerRule(`key::${pem}`)).toEqual(rule);
    expect(parseSignerRule(`key::${base64}`)).toEqual(rule);
  });
});

it('has the expressions that are to be compiled', () => {
  const rule = parseSignerRule('sigstore(identityMatch=regex)::https://i::a|b');
  expect('fault' in rule ? [] : expressionsOf(rule)).toEqual(['a|b']);
});

it('is shown as policies name it', () => {
  const certificate = { kind: 'certificate', issuer: 'https://i', identity: 'a@b.c' } as const;
  expect(formatSigner(certificate)).toBe('sigstore::https://i::a@b.c');
  expect(formatSigner({ kind: 'key', fingerprint: 'ab' })).toBe('key::sha256:ab');
});
