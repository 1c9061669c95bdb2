import { expect, it } from 'vitest';
import { identityHint, type Refusal } from '../../../src/adapters/oci/identity-hint.ts';
import type { Credential } from '../../../src/ports/keychain.ts';
import { identityOf } from './client.ts';

const ALICE: Credential = { kind: 'basic', username: 'alice', password: 'pw' };
const GOOGLE: Credential = { kind: 'access-token', current: () => Promise.resolve('t'), refuse: () => {} };
const REJECTED = 'these credentials were rejected, log in again: docker login r.io';

it.each<[string, Credential, Partial<Refusal>, string]>([
  ['a password that is refused', ALICE, {}, `asked as user "alice": ${REJECTED}`],
  ['a refresh token', { kind: 'identity-token', token: 't' }, {}, `asked as identity-token: ${REJECTED}`],
  ['a registry token', { kind: 'registry-token', token: 't' }, {}, `asked as registry-token: ${REJECTED}`],
  [
    'a password that lacks a right',
    ALICE,
    { status: 403 },
    'asked as user "alice", who needs the right to pull for r.io/app',
  ],
  [
    'a token that lacks a right',
    ALICE,
    { judged: 'token' },
    'asked as user "alice", who needs the right to pull for r.io/app',
  ],
  [
    'an account',
    GOOGLE,
    {},
    'asked as access-token, who needs the right to pull for r.io/app, at Artifact Registry roles/artifactregistry.reader',
  ],
  ['nobody', { kind: 'anonymous' }, {}, 'no credentials are configured for r.io, see docker login'],
])('%s is told what to do', (_what, credential, refusal, expected) => {
  const asked = { status: 401, judged: 'credential', scopes: ['repository:app:pull'], ...refusal } as const;
  expect(identityHint('r.io', identityOf(credential), asked)).toBe(expected);
});
