import { describe, expect, it } from 'vitest';
import {
  type Challenge,
  describeChallenge,
  parseChallenge,
} from '../../../../src/adapters/oci/auth/challenge.ts';

function bearer(realm: string, service?: string, scope?: string): Challenge {
  return { scheme: 'bearer', realm, service, scope };
}

const TOKEN = 'https://auth.example.com/token';

describe('a challenge', () => {
  it.each<[string, Challenge | undefined]>([
    ['Basic realm="a registry"', { scheme: 'basic' }],
    ['basic', { scheme: 'basic' }],
    [`Bearer realm="${TOKEN}"`, bearer(TOKEN)],
    [`bEARER REALM="${TOKEN}"`, bearer(TOKEN)],
    [`Bearer realm="${TOKEN}",service="r",scope="s"`, bearer(TOKEN, 'r', 's')],
    [`Bearer realm="${TOKEN}", service="r" , scope = "s"`, bearer(TOKEN, 'r', 's')],
    [`Bearer  service=r,realm=${TOKEN}`, bearer(TOKEN, 'r')],
    [
      `Bearer realm="${TOKEN}",scope="repository:app:pull,push",service="r"`,
      bearer(TOKEN, 'r', 'repository:app:pull,push'),
    ],
    [`Bearer realm="${TOKEN}?a=1,b=2",service="a, \\"b\\""`, bearer(`${TOKEN}?a=1,b=2`, 'a, "b"')],
    [`Bearer realm="${TOKEN}",realm="https://other"`, bearer(TOKEN)],
    [`Negotiate, Bearer realm="${TOKEN}"`, bearer(TOKEN)],
    [`Digest realm="x", nonce="y", Bearer realm="${TOKEN}"`, bearer(TOKEN)],
    [`Bearer realm="${TOKEN}", Basic realm="b"`, bearer(TOKEN)],
    [`Basic realm="b", Bearer realm="${TOKEN}"`, { scheme: 'basic' }],
    ['Digest realm="x, Basic y"', undefined],
    [`Digest realm="x, Bearer realm=z", Bearer realm="${TOKEN}"`, bearer(TOKEN)],
    [`Bearer service="r", Basic realm="b"`, { scheme: 'basic' }],
    ['Bearer service="r", Digest realm="x"', undefined],
    [`Bearer realm="${TOKEN}`, undefined],
    ['Bearer service="r"', undefined],
    ['Bearer', undefined],
    ['Negotiate', undefined],
    ['NotBearer realm="x"', undefined],
    ['', undefined],
  ])('is read from %s', (header, expected) => {
    expect(parseChallenge(header)).toEqual(expected);
  });

  it('is not there where there is no header', () => {
    expect(parseChallenge(undefined)).toBeUndefined();
  });

  it('is read in no time from a hostile header', () => {
    const hostile = `Bearer ${'a="'.repeat(100_000)}${'\\'.repeat(100_000)}`;
    expect(parseChallenge(hostile)).toBeUndefined();
  });
});

describe('a challenge that cannot be met', () => {
  it.each<[string | undefined, string]>([
    [undefined, 'it asked for no credentials'],
    ['', 'it asked for no credentials'],
    ['Negotiate', 'it asked for Negotiate; expected Basic, or Bearer with a realm'],
    ['Negotiate c2VjcmV0, NTLM', 'it asked for Negotiate, NTLM; expected Basic, or Bearer with a realm'],
    ['Bearer service="r"', 'it asked for Bearer; expected Basic, or Bearer with a realm'],
    ['Digest realm="x", nonce = "y"', 'it asked for Digest; expected Basic, or Bearer with a realm'],
  ])('is named, without its parameters: %s', (header, expected) => {
    expect(describeChallenge(header)).toBe(expected);
  });
});
