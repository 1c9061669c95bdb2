import { expect, it } from 'vitest';
import { GoogleError } from '../../../src/adapters/google/google-error.ts';
import { orAnonymous } from '../../../src/adapters/google/or-anonymous.ts';
import { ANONYMOUS, type Credential, type Keychain } from '../../../src/ports/keychain.ts';
import { repository } from '../../builders/manifests.ts';

const APP = repository('gcr.io/project/app');
const { signal } = new AbortController();

function keychainOf(credential: Credential): Keychain {
  return { identityFor: () => Promise.resolve({ name: 'promoter@x', credential }) };
}

function googleToken(current: () => Promise<string>): Credential {
  return { kind: 'access-token', current, refuse: () => {} };
}

/** The keychain under test, and the warnings that it writes. */
function setUp(credential: Credential) {
  const warnings: string[] = [];
  const log = { write: (level: string, message: string) => void warnings.push(`${level}: ${message}`) };
  return { keychain: orAnonymous(keychainOf(credential), log), warnings };
}

it('without any Google credentials a registry is read anonymously, with one warning for each account', async () => {
  const without = () => Promise.reject(new GoogleError('no-credentials', 'no credentials'));
  const { keychain, warnings } = setUp(googleToken(without));
  expect(await keychain.identityFor(APP, signal)).toBe(ANONYMOUS);
  expect(await keychain.identityFor(APP, signal)).toBe(ANONYMOUS);
  expect(warnings).toEqual(['warning: reading anonymously']);
});

it('credentials that exist and fail are an error', async () => {
  const failure = new GoogleError('denied', 'no rights');
  const { keychain, warnings } = setUp(googleToken(() => Promise.reject(failure)));
  await expect(keychain.identityFor(APP, signal)).rejects.toBe(failure);
  expect(warnings).toEqual([]);
});

it.each<[string, Credential]>([
  ['an access token', googleToken(() => Promise.resolve('t'))],
  ['a password', { kind: 'basic', username: 'alice', password: 'pw' }],
])('%s that works is used', async (_what, credential) => {
  const { keychain } = setUp(credential);
  expect(await keychain.identityFor(APP, signal)).toMatchObject({ name: 'promoter@x', credential });
});
