import { quote } from '../../base/text.ts';
import type { TextPattern } from '../identity-policy.ts';
import { PublicKeyError, readPublicKeys, type TrustedKey } from '../public-keys.ts';
import type { SignerIdentity } from '../stored-signature.ts';

/** A trusted signer. */
export type SignerRule =
  | {
      readonly kind: 'certificate';
      readonly issuer: TextPattern;
      readonly identity: TextPattern;
      /** As it was written, for messages and comparisons. */
      readonly text: string;
    }
  | {
      readonly kind: 'key';
      /** Hexadecimal SHA-256 of the public key as DER (SPKI). */
      readonly fingerprint: string;
      /** The public key. */
      readonly pem: string;
      readonly text: string;
    };

export const SIGNER_FORMS =
  'expected "sigstore::ISSUER::IDENTITY", "sigstore(identityMatch=regex)::ISSUER::EXPRESSION" or "key::BASE64"';

/**
 * The signer that a text names, or its fault. The forms are those of kpromo, and `key::` with a public key: as PEM, or
 * its base64 alone. Expressions are not compiled here.
 */
export function parseSignerRule(text: string): SignerRule | { readonly fault: string } {
  const trimmed = text.trim();
  if (trimmed.startsWith('key::')) return parseKey(trimmed);
  const [head = '', issuer = '', ...rest] = trimmed.split('::');
  const shape = /^sigstore(?:\(([^()]*)\))?$/.exec(head);
  const identity = rest.join('::');
  if (shape === null || issuer === '' || identity === '')
    return { fault: `invalid signer ${quote(text)}: ${SIGNER_FORMS}` };
  const [, matchers = ''] = shape;
  const kinds = { issuerMatch: 'exact', identityMatch: 'exact' };
  for (const part of matchers === '' ? [] : matchers.split(',')) {
    const [name = '', kind = ''] = part.trim().split('=');
    const isKnown = (name === 'issuerMatch' || name === 'identityMatch') && /^(?:exact|regex)$/.test(kind);
    if (!isKnown) {
      const expected = 'expected issuerMatch or identityMatch, with "=exact" or "=regex"';
      return { fault: `invalid signer ${quote(text)}: unknown matcher ${quote(part.trim())}: ${expected}` };
    }
    kinds[name] = kind;
  }
  return {
    kind: 'certificate',
    issuer: patternOf(kinds.issuerMatch, issuer),
    identity: patternOf(kinds.identityMatch, identity),
    text: trimmed,
  };
}

/** The expressions of a signer. */
export function expressionsOf(rule: SignerRule): readonly string[] {
  if (rule.kind === 'key') return [];
  return [rule.issuer, rule.identity].filter(({ kind }) => kind === 'expression').map(({ text }) => text);
}

/** A signer in the form of policies. A key is shown by its fingerprint. */
export function formatSigner(signer: SignerIdentity): string {
  return signer.kind === 'key'
    ? `key::sha256:${signer.fingerprint}`
    : `sigstore::${signer.issuer}::${signer.identity}`;
}

function patternOf(kind: string, text: string): TextPattern {
  return { kind: kind === 'regex' ? 'expression' : 'exact', text };
}

function parseKey(text: string): SignerRule | { readonly fault: string } {
  const base64 = text
    .slice('key::'.length)
    .replace(/-----(?:BEGIN|END) PUBLIC KEY-----/g, '')
    .replaceAll(/\s/g, '');
  const lines = base64.match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
  try {
    const [only] = readPublicKeys(pem, 'the signer');
    if (only !== undefined) return keyRule(only);
  } catch (error) {
    if (!(error instanceof PublicKeyError)) throw error;
  }
  const expected =
    'expected the base64 of a public key, as in the file of `cosign generate-key-pair` (cosign.pub)';
  return { fault: `invalid signer ${quote(text)}: ${expected}` };
}

/** The signer by a public key. */
export function keyRule({ key, fingerprint }: TrustedKey): SignerRule {
  return {
    kind: 'key',
    fingerprint,
    pem: key.export({ format: 'pem', type: 'spki' }).toString(),
    text: `key::${key.export({ format: 'der', type: 'spki' }).toString('base64')}`,
  };
}
