// Covers src/adapters/sigstore/sign/tokens/identity-token.ts

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SigningError } from '../../../../../src/adapters/sigstore/sign/signing-error.ts';
import { identityOfToken } from '../../../../../src/adapters/sigstore/sign/tokens/identity-token.ts';
import {
  environmentToken,
  fileToken,
} from '../../../../../src/adapters/sigstore/sign/tokens/token-sources.ts';
import { createFetch } from '../../../../../src/http/fetch.ts';
import { testdir } from '../../../../builders/testdir.ts';
import { FakeClock } from '../../../../doubles/fake-clock.ts';
import { scriptedServer, type Step } from '../../../../doubles/scripted-server.ts';
import { tokenOf } from '../fulcio-answers.ts';

const { signal } = new AbortController();
const TOKEN = tokenOf({ iss: 'https://issuer.example.com' });
const SECRET = 'the secret of a job';

async function failureOf(promise: Promise<unknown> | undefined): Promise<string> {
  const error = await promise?.catch((thrown: unknown) => thrown);
  if (!(error instanceof SigningError)) throw new Error(`expected a SigningError, got ${String(error)}`);
  expect(`${error.stack}`).not.toContain(SECRET);
  return `${error.code}: ${error.message}`;
}

function sourceOf(env: Readonly<Record<string, string>>) {
  const clock = new FakeClock();
  const services = createFetch({
    network: {},
    clock,
    log: { write: () => {} },
    userAgent: 'cip/test',
  });
  onTestFinished(() => services.close());
  return environmentToken({ env, fetch: services.fetch, limit: 30_000 });
}

describe('a file', () => {
  it('is read again for each token', async () => {
    const file = join(await testdir({ token: `${TOKEN}\n` }), 'token');
    const source = fileToken(file);
    expect(await source.current(signal)).toBe(TOKEN);
    const renewed = tokenOf({ iss: 'https://issuer.example.com', iat: 1 });
    writeFileSync(file, renewed);
    expect(await source.current(signal)).toBe(renewed);
  });

  it('without a token is refused, and not quoted', async () => {
    const file = join(await testdir({ token: SECRET }), 'token');
    expect(await failureOf(fileToken(file).current(signal))).toBe(
      `token: -identity-token="${file}": not an identity token: a JWT is expected`,
    );
    expect(await failureOf(fileToken('/nowhere/token').current(signal))).toMatch(
      'token: -identity-token="/nowhere/token": the token cannot be read: ENOENT',
    );
  });
});

describe('the environment', () => {
  it('has no token', () => {
    expect(sourceOf({})).toBeUndefined();
    expect(sourceOf({ SIGSTORE_ID_TOKEN: '', ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x' })).toBeUndefined();
  });

  it('has a token of GitLab or another CI system', async () => {
    const env = { SIGSTORE_ID_TOKEN: TOKEN, ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x' };
    expect(await sourceOf(env)?.current(signal)).toBe(TOKEN);
  });

  it('with a variable that is no token is refused at once, and not quoted', () => {
    expect(() => sourceOf({ SIGSTORE_ID_TOKEN: SECRET })).toThrow(
      /^SIGSTORE_ID_TOKEN: not an identity token: a JWT is expected$/,
    );
  });

  const atGitHub = async (answer: Step['answer']) => {
    const { url } = await scriptedServer([
      {
        request: 'GET /token?api-version=2.0&audience=sigstore',
        check: ({ headers }) => expect(headers.authorization).toBe(`Bearer ${SECRET}`),
        answer,
      },
    ]);
    return sourceOf({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRET,
    });
  };

  it('of GitHub Actions makes a token for Sigstore', async () => {
    const source = await atGitHub({ status: 200, body: { value: TOKEN, count: 1 } });
    expect(await source?.current(signal)).toBe(TOKEN);
  });

  it('of GitHub Actions refuses a job without the permission', async () => {
    const source = await atGitHub({ status: 403, body: { message: 'Resource not accessible' } });
    expect(await failureOf(source?.current(signal))).toMatch(
      /^refused: identity token of GitHub Actions: GET \S+: 403 Resource not accessible: the job needs "permissions: id-token: write"$/,
    );
  });

  it('of GitHub Actions gives an answer without a token', async () => {
    const source = await atGitHub({ status: 200, body: {} });
    expect(await failureOf(source?.current(signal))).toBe(
      'token: identity token of GitHub Actions: not an identity token: a JWT is expected',
    );
  });

  it('of GitHub Actions has an address that is none', async () => {
    const source = sourceOf({ ACTIONS_ID_TOKEN_REQUEST_URL: 'x', ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRET });
    expect(await failureOf(source?.current(signal))).toBe(
      'token: identity token of GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is not a URL',
    );
  });
});

describe('the identity of a token', () => {
  const certificate = (issuer: string, identity: string) => ({ kind: 'certificate', issuer, identity });

  it.each([
    [{ iss: 'https://accounts.google.com', email: 'a@b.c', sub: '1' }, 'a@b.c'],
    [
      {
        iss: 'https://token.actions.githubusercontent.com',
        job_workflow_ref: 'o/r/.github/workflows/w.yml@refs/heads/main',
      },
      'https://github.com/o/r/.github/workflows/w.yml@refs/heads/main',
    ],
    [
      { iss: 'https://gitlab.com', ci_config_ref_uri: 'gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main' },
      'https://gitlab.com/g/p//.gitlab-ci.yml@refs/heads/main',
    ],
  ])('%j is %s', (claims, identity) => {
    expect(identityOfToken(tokenOf(claims))).toEqual(certificate(claims.iss, identity));
  });

  it.each([
    { iss: 'https://issuer.example.com', email: 'a@b.c' },
    { iss: 'https://accounts.google.com', sub: '1' },
    {},
  ])('%j is not known', (claims) => {
    expect(identityOfToken(tokenOf(claims))).toBeUndefined();
  });
});
