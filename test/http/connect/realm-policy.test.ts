import { describe, expect, it } from 'vitest';
import { mayTrustRealm } from '../../../src/http/connect/realm-policy.ts';

describe('credentials for a registry', () => {
  it.each([
    ['https://example.com', 'https://example.com/token'],
    ['https://example.com:5000', 'https://example.com/token'],
    ['https://registry.example.com', 'https://auth.example.com/token'],
    ['https://a.b.example.co.uk', 'https://c.b.example.co.uk/token'],
    ['https://registry-1.docker.io', 'https://auth.docker.io/token'],
    ['https://registry.gitlab.com', 'https://gitlab.com/jwt/auth'],
    ['https://eu.gcr.io', 'https://eu.gcr.io/v2/token'],
    ['http://127.0.0.1:5000', 'http://127.0.0.1:5001/token'],
    ['http://localhost:5000', 'https://localhost/token'],
    ['http://[::1]:5000', 'http://[::1]:5001/token'],
    ['https://x.abc.co.uk', 'https://y.abc.co.uk/token'],
    ['https://2a.example.com', 'https://auth.example.com/token'],
    ['https://registry.corp.net1', 'https://auth.corp.net1/token'],
  ])('of %s may go to %s', (registry, realm) => {
    expect(mayTrustRealm(registry, new URL(realm), new Set())).toBe(true);
  });

  it.each([
    ['https://registry.example.com', 'https://evil.com/token'],
    ['https://registry.example.com', 'http://registry.example.com/token'],
    ['https://registry.example.com', 'https://registry.example.com.evil.com/token'],
    ['https://registry.example.com', 'https://evilexample.com/token'],
    ['https://registry.example.com', 'https://com/token'],
    ['https://a.com', 'https://b.com/token'],
    ['https://a.co.uk', 'https://b.co.uk/token'],
    ['https://a.com.au', 'https://b.com.au/token'],
    ['https://gcr.io', 'https://ghcr.io/token'],
    ['https://x.abcd.efgh', 'https://y.abc.defgh/token'],
    ['https://eu.gcr.io', 'https://us.gcr.io/token'],
    ['https://gitlab.com', 'https://registry.gitlab.com/token'],
    ['http://127.0.0.1:5000', 'http://127.0.0.2:5000/token'],
    ['http://10.0.0.1', 'http://11.0.0.1/token'],
    ['http://localhost:5000', 'http://127.0.0.1:5000/token'],
    ['http://[::1]:5000', 'http://[::2]:5000/token'],
    ['http://localhost', 'ftp://localhost/token'],
    ['https://localhost', 'file://localhost/token'],
  ])('of %s may not go to %s', (registry, realm) => {
    expect(mayTrustRealm(registry, new URL(realm), new Set())).toBe(false);
  });

  it.each([
    ['https://registry.one:5000', 'https://sso.two:8443/token', true],
    ['https://registry.one', 'https://sso.two:8443/token', false],
    ['https://registry.one:5000', 'https://sso.two/token', false],
    ['https://sso.two:8443', 'https://registry.one:5000/token', false],
    ['https://registry.one:5000', 'http://sso.two:8443/token', false],
  ])(
    'of %s may go to %s where the user trusts registry.one:5000 with sso.two:8443: %s',
    (registry, realm, may) => {
      const trusted = new Set(['registry.one:5000=sso.two:8443']);
      expect(mayTrustRealm(registry, new URL(realm), trusted)).toBe(may);
    },
  );
});
