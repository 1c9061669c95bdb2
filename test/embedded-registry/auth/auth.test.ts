// Covers src/embedded-registry/auth/auth-options.ts
// Covers src/embedded-registry/auth/tokens.ts

import { describe, expect, it } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { image, push } from '../../builders/images.ts';
import { type Answer, ask, askManifest, startForTest, summaryOf } from '../wire.ts';

const USERS = { alice: 's3cret:with colon' };
const BASIC = `Basic ${Buffer.from('alice:s3cret:with colon').toString('base64')}`;
const WRONG = `Basic ${Buffer.from('alice:wrong').toString('base64')}`;

async function tokenFor(registry: EmbeddedRegistry, scopes: readonly string[], authorization = BASIC) {
  const query = new URLSearchParams({ service: registry.host });
  for (const scope of scopes) query.append('scope', scope);
  const headers = authorization === '' ? {} : { Authorization: authorization };
  return tokenOf(await ask(registry, `GET /token?${query.toString()}`, { headers }));
}

function tokenOf({ body }: Answer): string {
  const { token }: { token: string } = JSON.parse(body.toString('utf8'));
  return `Bearer ${token}`;
}

describe('basic authentication', () => {
  it.each([
    [undefined, 401],
    [WRONG, 401],
    [`Basic ${Buffer.from('toString:x').toString('base64')}`, 401],
    ['Bearer abc', 401],
    [BASIC, 200],
  ])('answers %s with %i', async (authorization, status) => {
    const registry = await startForTest({ auth: { kind: 'basic', users: USERS } });
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    const answer = await ask(registry, 'GET /v2/', { headers });
    expect(answer.status).toBe(status);
    if (status === 401) {
      expect(answer.headers['www-authenticate']).toBe('Basic realm="embedded-registry"');
      expect(summaryOf(answer)).toBe('401 UNAUTHORIZED');
    }
  });
});

describe('token authentication', () => {
  type TokenOptions = Partial<Extract<EmbeddedRegistryOptions['auth'], { kind: 'token' }>>;

  async function startWithTokens(auth: TokenOptions = {}, options: EmbeddedRegistryOptions = {}) {
    const registry = await startForTest({ ...options, auth: { kind: 'token', users: USERS, ...auth } });
    push(registry, 'prod/app', image({ seed: 'app' }), 'v1');
    return registry;
  }

  it('challenges with the scope that a request needs', async () => {
    const registry = await startWithTokens();
    const base = `Bearer realm="http://${registry.host}/token",service="${registry.host}"`;
    for (const [line, scope] of [
      ['GET /v2/', ''],
      ['GET /v2/prod/app/manifests/v1', ',scope="repository:prod/app:pull"'],
      ['HEAD /v2/prod/app/manifests/v1', ',scope="repository:prod/app:pull"'],
      ['PUT /v2/prod/app/manifests/v1', ',scope="repository:prod/app:pull,push"'],
      ['DELETE /v2/prod/app/manifests/v1', ',scope="repository:prod/app:delete"'],
      [
        'POST /v2/prod/app/blobs/uploads/?mount=x&from=staging/app',
        ',scope="repository:prod/app:pull,push repository:staging/app:pull"',
      ],
      ['GET /v2/_catalog', ',scope="registry:catalog:*"'],
    ] as const) {
      const answer = await ask(registry, line);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, base + scope]);
    }
  });

  it('admits a token only for the rights that it was issued with', async () => {
    const registry = await startWithTokens();
    const token = await tokenFor(registry, ['repository:prod/app:pull']);
    const headers = { Authorization: token };
    expect((await ask(registry, 'GET /v2/', { headers })).status).toBe(200);
    expect((await askManifest(registry, 'GET /v2/prod/app/manifests/v1', headers)).status).toBe(200);
    for (const line of ['GET /v2/prod/other/tags/list', 'POST /v2/prod/app/blobs/uploads/']) {
      const answer = await ask(registry, line, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"');
    }
  });

  it('needs a right at both ends of a mount', async () => {
    const registry = await startWithTokens();
    const line = 'POST /v2/prod/new/blobs/uploads/?mount=x&from=prod/app';
    const one = await tokenFor(registry, ['repository:prod/new:pull,push']);
    expect((await ask(registry, line, { headers: { Authorization: one } })).status).toBe(401);
    const both = await tokenFor(registry, ['repository:prod/new:pull,push', 'repository:prod/app:pull']);
    expect((await ask(registry, line, { headers: { Authorization: both } })).status).toBe(202);
    const joined = await tokenFor(registry, ['repository:prod/new:pull,push repository:prod/app:pull']);
    expect((await ask(registry, line, { headers: { Authorization: joined } })).status).toBe(202);
  });

  it('refuses tokens that it did not issue or whose time is over', async () => {
    let now = 0;
    const registry = await startWithTokens({ ttlSeconds: 60 }, { now: () => now });
    const headers = { Authorization: await tokenFor(registry, ['repository:prod/app:pull']) };
    now = 59_999;
    expect((await ask(registry, 'GET /v2/prod/app/tags/list', { headers })).status).toBe(200);
    now = 60_000;
    for (const authorization of [headers.Authorization, 'Bearer junk']) {
      const late = await ask(registry, 'GET /v2/prod/app/tags/list', {
        headers: { Authorization: authorization },
      });
      expect(late.status).toBe(401);
      expect(late.headers['www-authenticate']).toContain('error="invalid_token"');
    }
  });

  it('issues tokens for passwords only, unless anyone may pull', async () => {
    const closed = await startWithTokens();
    expect((await ask(closed, 'GET /token')).status).toBe(401);
    expect((await ask(closed, 'GET /token', { headers: { Authorization: WRONG } })).status).toBe(401);

    const open = await startWithTokens({ anonymousPull: true });
    expect((await ask(open, 'GET /token', { headers: { Authorization: WRONG } })).status).toBe(401);
    const token = await tokenFor(open, ['repository:prod/app:pull,push', 'registry:catalog:*'], '');
    const headers = { Authorization: token };
    expect((await ask(open, 'GET /v2/prod/app/tags/list', { headers })).status).toBe(200);
    expect((await ask(open, 'POST /v2/prod/app/blobs/uploads/', { headers })).status).toBe(401);
    expect((await ask(open, 'GET /v2/_catalog', { headers })).status).toBe(401);
  });

  it.each([
    ['password', { grant_type: 'password', username: 'alice', password: USERS.alice }, 200],
    ['wrong password', { grant_type: 'password', username: 'alice', password: 'wrong' }, 401],
    ['refresh token', { grant_type: 'refresh_token', refresh_token: 'identity' }, 200],
    ['unknown refresh token', { grant_type: 'refresh_token', refresh_token: 'other' }, 401],
  ])('answers an OAuth2 form with a %s', async (_what, form, status) => {
    const registry = await startWithTokens({ refreshTokens: { identity: 'alice' } });
    const body = new URLSearchParams({ ...form, scope: 'repository:prod/app:pull' }).toString();
    const answer = await ask(registry, 'POST /token', { body });
    expect(answer.status).toBe(status);
    if (status !== 200) return;
    const headers = { Authorization: tokenOf(answer) };
    expect((await ask(registry, 'GET /v2/prod/app/tags/list', { headers })).status).toBe(200);
  });

  it('logs the scheme of credentials and nothing more', async () => {
    const registry = await startWithTokens();
    const headers = { Authorization: await tokenFor(registry, []) };
    await ask(registry, 'GET /v2/', { headers });
    await ask(registry, 'GET /v2/');
    expect(registry.requests.map(({ kind, authorization }) => [kind, authorization])).toEqual([
      ['token', 'basic'],
      ['ping', 'bearer'],
      ['ping', undefined],
    ]);
  });
});

describe('a registry without tokens', () => {
  it('has no token endpoint', async () => {
    expect((await ask(await startForTest(), 'GET /token')).status).toBe(404);
  });
});
