import { describe, expect, it } from 'vitest';
import { FlagValues } from '../../../../src/cli/flags/flag-values.ts';
import {
  CERTIFICATE_FLAGS,
  certificateSignerOf,
} from '../../../../src/cli/flags/options/verification-options.ts';

const KREL = 'krel-trust@k8s-releng-prod.iam.gserviceaccount.com';
const GOOGLE = 'https://accounts.google.com';
const exact = (text: string) => ({ kind: 'exact', text });
const expression = (text: string) => ({ kind: 'expression', text });

function signerOf(flags: Readonly<Record<string, string>>) {
  return certificateSignerOf(
    new FlagValues(new Map(Object.entries(flags).map(([name, value]) => [`certificate-${name}`, [value]]))),
  );
}

describe('the certificate flags', () => {
  it.each([
    ['none', {}, undefined],
    [
      'an empty one beside others',
      { identity: '', 'identity-regexp': 'b|c' },
      { identity: expression('b|c'), issuer: exact(GOOGLE) },
    ],
    [
      'both',
      { identity: 'a', 'oidc-issuer': 'https://i' },
      { identity: exact('a'), issuer: exact('https://i') },
    ],
    ['an identity', { identity: 'a' }, { identity: exact('a'), issuer: exact(GOOGLE) }],
    ['an issuer', { 'oidc-issuer': 'https://i' }, { identity: exact(KREL), issuer: exact('https://i') }],
    [
      'expressions beside exact ones, which they replace',
      {
        identity: 'a',
        'identity-regexp': 'b|c',
        'oidc-issuer': 'https://i',
        'oidc-issuer-regexp': 'https://.*',
      },
      { identity: expression('b|c'), issuer: expression('https://.*') },
    ],
    [
      'those of the Prow jobs',
      { 'identity-regexp': '(a)|(b)', 'oidc-issuer': GOOGLE },
      { identity: expression('(a)|(b)'), issuer: exact(GOOGLE) },
    ],
  ])('may be %s', (_what, flags, signer) => {
    expect(signerOf(flags)).toEqual(signer);
  });

  it('are those of kpromo', () => {
    expect(CERTIFICATE_FLAGS.map(({ name }) => name)).toEqual([
      'certificate-identity',
      'certificate-identity-regexp',
      'certificate-oidc-issuer',
      'certificate-oidc-issuer-regexp',
    ]);
  });
});

it.each(CERTIFICATE_FLAGS.map(({ name }) => name))(
  '-%s with an empty value verifies nothing, so it is refused',
  (name) => {
    const flags = { [name.slice('certificate-'.length)]: '' };
    expect(() => signerOf(flags)).toThrow(
      `-${name} is empty, so it names no signer: give a value, or leave it out`,
    );
  },
);
