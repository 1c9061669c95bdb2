import { expect, it } from 'vitest';
import { createIdentityTokens } from '../../../src/adapters/google/identity-token.ts';
import type { Keychain } from '../../../src/ports/keychain.ts';
import { CANARY } from './fake-google.ts';
import { A, B, keyOf, type Staging, scene } from './scene.ts';

/** A scene in which the token of each repository is an identity token of `account`. */
function identityScene(staging: Staging, account = A) {
  const create: Staging['create'] = (options): Keychain => {
    const current = createIdentityTokens({ ...options, account, audience: 'sigstore' });
    const credential = { kind: 'access-token', current, refuse: () => {} } as const;
    return { identityFor: () => Promise.resolve({ name: account, credential }) };
  };
  return scene({ ...staging, create });
}

const TOKEN = `${CANARY}.{"audience":"sigstore","includeEmail":true}`;

it('an identity token is made by the identity of the machine', async () => {
  const { token, google } = await identityScene({ machine: B });
  expect(await token()).toBe(TOKEN);
  expect(google.asked.at(-1)).toBe(`identify ${B} → ${A}`);
});

it('each call makes a new identity token', async () => {
  const { token, google } = await identityScene({ machine: B });
  await token();
  await token();
  expect(google.asked.filter((line) => line.startsWith('identify'))).toHaveLength(2);
});

it('an account with a key makes its identity token itself', async () => {
  const { token, google } = await identityScene({
    machine: B,
    files: (fake) => ({ 'a.json': keyOf(A, fake) }),
    keyFiles: ['a.json'],
  });
  expect(await token()).toBe(TOKEN);
  expect(google.asked).toEqual([`jwt ${A}`, `identify ${A} → ${A}`]);
});

it('a refusal names the role that is missing', async () => {
  const { refusal, google } = await identityScene({ machine: B });
  google.behaviour.denied = new Set([`${B} → ${A}`]);
  const { code, message } = await refusal();
  expect(code).toBe('denied');
  expect(message).toMatch(
    new RegExp(`^service account ${A}: identity token by service account ${B} of the metadata server: 403: `),
  );
  expect(message).toContain(`roles/iam.serviceAccountOpenIdTokenCreator on ${A}`);
});

it('without any credentials nothing is requested, and the message says what to do', async () => {
  const { refusal, google } = await identityScene({});
  expect((await refusal()).code).toBe('no-credentials');
  expect(google.asked).toEqual([]);
});

it('an account that is no email address is refused', async () => {
  const { refusal } = await identityScene({ machine: B }, 'signer');
  expect((await refusal()).message).toBe('service account signer: expected an email address');
});
