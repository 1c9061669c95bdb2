// Covers src/adapters/oci/auth/api-challenges.ts

import { describe, expect, it } from 'vitest';
import { withAuth } from '../../../../src/adapters/oci/auth/authenticator.ts';
import type { HttpRequest, HttpResponse } from '../../../../src/http/request.ts';
import type { Credential } from '../../../../src/ports/keychain.ts';
import { RegistryError } from '../../../../src/ports/registry-error.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import { keychainWith, quiet, repositoryAt } from '../client.ts';

const ALICE: Credential = { kind: 'basic', username: 'alice', password: 'pw' };
const BASIC = `Basic ${Buffer.from('alice:pw').toString('base64')}`;
const PULL = 'repository:app:pull';
const PUSH = 'repository:app:pull,push';
const FROM = 'repository:base:pull';

type Answer = Partial<HttpResponse> | RegistryError;

interface Staging {
  readonly credential?: Credential;
  readonly host?: string;
  /** Pairs of `-trust-realm`. */
  readonly trusted?: readonly string[];
}

/** What is answered to the requests, in their order; the last one again and again. */
function setUp(
  answers: readonly Answer[],
  { credential = ALICE, host = 'r.example', trusted = [] }: Staging = {},
) {
  const sent: HttpRequest[] = [];
  const named: string[] = [];
  const send = withAuth(
    (request) => {
      const answer = answers[Math.min(sent.length, answers.length - 1)];
      sent.push(request);
      if (answer instanceof RegistryError) return Promise.reject(answer);
      return Promise.resolve({ status: 200, headers: {}, url: request.url, body: NOTHING, ...answer });
    },
    {
      keychain: keychainWith(credential),
      clock: new FakeClock(),
      onIdentity: (_host, name) => named.push(name),
      trustedRealms: new Set(trusted),
      originOf: (name) => `https://${name}`,
    },
  );
  const ask = (changes: Partial<HttpRequest> = {}) =>
    send({
      method: 'GET',
      url: new URL(`https://${host}/v2/app/manifests/v1`),
      host,
      repository: repositoryAt({ host }, 'app'),
      headers: {},
      scopes: [PULL],
      signal: quiet(),
      ...changes,
    });
  const authorizations = () => sent.map(({ headers }) => headers['authorization']);
  const scopesAsked = () =>
    sent.filter(({ url }) => url.pathname === '/token').map(({ url }) => url.searchParams.getAll('scope'));
  return { ask, sent, named, authorizations, scopesAsked };
}

const NOTHING = new Uint8Array();
const ELSEWHERE = new URL('https://storage.example/blob');

function challenged(challenge: string): Partial<HttpResponse> {
  return { status: 401, headers: { 'www-authenticate': challenge } };
}

function textOf(body: HttpRequest['body']): string {
  return body instanceof Uint8Array ? Buffer.from(body).toString() : '';
}

const BASIC_DOOR = challenged('Basic realm="r"');
const TOKEN_DOOR = challenged('Bearer realm="https://r.example/token",service="r"');
const TOKEN: Answer = { body: Buffer.from('{"token":"t0k"}') };

describe('a refusal tells', () => {
  it.each<[string, readonly Answer[], string, Staging?]>([
    [
      'a 403 of a host that asked for nothing',
      [{ status: 403 }],
      'it asked for no credentials, so none were sent',
    ],
    [
      'a 403 after a password',
      [BASIC_DOOR, { status: 403 }],
      'identity user "alice" needs the right to pull',
    ],
    ['a 401 after a password', [BASIC_DOOR], 'identity user "alice": these credentials were rejected'],
    [
      'a 401 after a token that a password was good for',
      [TOKEN_DOOR, TOKEN, TOKEN_DOOR, TOKEN, TOKEN_DOOR],
      'identity user "alice" needs the right to pull',
    ],
    [
      'a 401 after a token of its own that was configured',
      [TOKEN_DOOR],
      'identity registry-token: these credentials were rejected',
      { credential: { kind: 'registry-token', token: 'r' } },
    ],
  ])('whom it refused: %s', async (_what, answers, hint, staging) => {
    const { ask } = setUp(answers, staging);
    expect((await ask()).hint).toContain(hint);
  });

  it.each([
    ['another answer', { status: 404 }],
    ['a 403 of where it was redirected to', { status: 403, url: ELSEWHERE }],
  ])('nothing of credentials: %s', async (_what, answer) => {
    const { ask } = setUp([answer]);
    expect((await ask()).hint).toBeUndefined();
  });
});

describe('a host that asks for nothing', () => {
  it.each([
    [200, ['anonymous']],
    [404, ['anonymous']],
    [400, []],
    [403, []],
    [503, []],
  ])('has let nobody in unless it answers so: %i', async (status, expected) => {
    const { ask, named } = setUp([{ status }]);
    await ask();
    expect(named).toEqual(expected);
  });
});

describe('a challenge', () => {
  it.each([
    ['of an answer that is no 401', { status: 200, headers: { 'www-authenticate': 'Basic realm="x"' } }],
    ['of where the request was redirected to', { ...challenged('Basic realm="x"'), url: ELSEWHERE }],
  ])('is not met: %s', async (_what, answer) => {
    const { ask, sent } = setUp([answer]);
    await ask();
    await ask();
    expect(sent.map(({ headers }) => headers)).toStrictEqual([{}, {}]);
  });

  it.each<[string, Partial<HttpRequest>]>([
    ['by an upload that is given up', { method: 'DELETE' }],
    ['by a body that can be sent only once', { body: { size: 0, open: () => Promise.resolve(NOTHING) } }],
  ])('that comes later is not met: %s', async (_what, changes) => {
    const { ask, sent } = setUp([{}, TOKEN_DOOR]);
    await ask();
    expect((await ask(changes)).status).toBe(401);
    expect(sent).toHaveLength(2);
  });

  it('that comes later and is none is a refusal', async () => {
    const { ask, sent } = setUp([BASIC_DOOR, {}, { status: 401 }]);
    await ask();
    expect((await ask()).status).toBe(401);
    expect(sent).toHaveLength(3);
  });

  it('that is another one than before is met', async () => {
    const { ask, authorizations } = setUp([BASIC_DOOR, {}, TOKEN_DOOR, TOKEN, {}]);
    await ask();
    expect((await ask()).status).toBe(200);
    expect(authorizations()).toEqual([undefined, BASIC, BASIC, BASIC, 'Bearer t0k']);
  });
});

describe('a token', () => {
  const mount = { method: 'POST', scopes: [PUSH, FROM] } as const;
  const REFUSED: Answer = { status: 403 };

  it('that is refused for all that a repository has needed is asked for what is needed now', async () => {
    const { ask, scopesAsked } = setUp([TOKEN_DOOR, TOKEN, {}, REFUSED, TOKEN, {}]);
    await ask(mount);
    expect((await ask({ method: 'POST', scopes: [PUSH, 'repository:other:pull'] })).status).toBe(200);
    expect(scopesAsked()).toEqual([
      [PUSH, FROM],
      [PUSH, 'repository:other:pull', FROM],
      [PUSH, 'repository:other:pull'],
    ]);
  });

  it('that is refused for what is needed now is not asked for again', async () => {
    const { ask, scopesAsked } = setUp([TOKEN_DOOR, REFUSED]);
    await expect(ask(mount)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(scopesAsked()).toEqual([[PUSH, FROM]]);
  });

  it.each([
    ['does not answer', new RegistryError('unreachable', 'reset', { temporary: true }), 'unreachable'],
    ['is overloaded', { status: 503 }, 'unavailable'],
  ])('is not asked for with less where its service %s', async (_what, answer, code) => {
    const { ask, scopesAsked } = setUp([TOKEN_DOOR, TOKEN, {}, answer]);
    await ask(mount);
    const other = ask({ method: 'POST', scopes: [PUSH, 'repository:other:pull'] });
    await expect(other).rejects.toMatchObject({ code });
    expect(scopesAsked()).toHaveLength(2);
  });

  it('is asked for with a refresh token in a form', async () => {
    const { ask, sent } = setUp([TOKEN_DOOR, TOKEN, {}], {
      credential: { kind: 'identity-token', token: 'r3f' },
    });
    await ask(mount);
    const [, request] = sent;
    expect(request?.method).toBe('POST');
    expect(request?.headers).toEqual({ 'content-type': 'application/x-www-form-urlencoded' });
    expect(Object.fromEntries(new URLSearchParams(textOf(request?.body)))).toEqual({
      grant_type: 'refresh_token',
      service: 'r',
      client_id: 'cip',
      scope: `${PUSH} ${FROM}`,
      refresh_token: 'r3f',
    });
  });
});

describe('an access token', () => {
  const credential: Credential = {
    kind: 'access-token',
    current: () => Promise.resolve('ya29'),
    refuse: () => {},
  };
  const AS_PASSWORD = `Basic ${Buffer.from('oauth2accesstoken:ya29').toString('base64')}`;

  it.each([
    ['to Google as it is', 'eu.gcr.io', [TOKEN_DOOR, {}], [undefined, 'Bearer ya29']],
    [
      'to others, where the user trusts them, as the password of a known user',
      'r.example',
      [BASIC_DOOR, {}],
      [undefined, AS_PASSWORD],
    ],
    [
      'to the token services of others in the same way',
      'r.example',
      [TOKEN_DOOR, TOKEN, {}],
      [undefined, AS_PASSWORD, 'Bearer t0k'],
    ],
  ])('goes %s', async (_how, host, answers, expected) => {
    const { ask, authorizations } = setUp(answers, { credential, host, trusted: ['r.example=r.example'] });
    await ask();
    expect(authorizations()).toEqual(expected);
  });

  it('is all that Google takes as it is: a password is not', async () => {
    const { ask, authorizations } = setUp([BASIC_DOOR, {}], { host: 'eu.gcr.io' });
    await ask();
    expect(authorizations()).toEqual([undefined, BASIC]);
  });
});
