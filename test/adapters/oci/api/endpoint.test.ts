import { describe, expect, it } from 'vitest';
import { Endpoints, nameOf } from '../../../../src/adapters/oci/api/endpoint.ts';
import { parseRepository } from '../../../../src/image/repository.ts';
import { clientForTest, embeddedForTest, keychainOf, quiet, tagOf } from '../client.ts';

const endpoints = new Endpoints(['plain.example.com', 'plain.example.com:5000']);

function urlOf(text: string): string {
  const repository = parseRepository(text);
  if (repository === undefined) throw new Error(`${text} is no repository`);
  return endpoints.urlOf(repository, 'tags/list').href;
}

describe('a host with certificates', () => {
  const certified = new Endpoints(['localhost:2'], (host) => host !== 'localhost:3');

  it.each([
    ['localhost:1', 'https://localhost:1'],
    ['127.0.0.1:1', 'https://127.0.0.1:1'],
    ['localhost:2', 'http://localhost:2'],
    ['localhost:3', 'http://localhost:3'],
    ['r.io', 'https://r.io'],
  ])('at loopback is asked in https, unless -plain-http names it: %s', (host, origin) => {
    expect(certified.originOf(host)).toBe(origin);
  });
});

describe('the URL of a repository', () => {
  it.each([
    ['registry.example.com/app', 'https://registry.example.com/v2/app/tags/list'],
    ['registry.example.com:5000/a/b/c', 'https://registry.example.com:5000/v2/a/b/c/tags/list'],
    ['gcr.io/k8s-staging/app', 'https://gcr.io/v2/k8s-staging/app/tags/list'],
    ['docker.io/nginx', 'https://registry-1.docker.io/v2/library/nginx/tags/list'],
    ['docker.io/library/nginx', 'https://registry-1.docker.io/v2/library/nginx/tags/list'],
    ['docker.io/org/app', 'https://registry-1.docker.io/v2/org/app/tags/list'],
    ['index.docker.io/nginx', 'https://registry-1.docker.io/v2/library/nginx/tags/list'],
    ['registry-1.docker.io/nginx', 'https://registry-1.docker.io/v2/library/nginx/tags/list'],
    ['notdocker.io/nginx', 'https://notdocker.io/v2/nginx/tags/list'],
    ['plain.example.com/app', 'http://plain.example.com/v2/app/tags/list'],
    ['plain.example.com:5000/app', 'http://plain.example.com:5000/v2/app/tags/list'],
    ['plain.example.com:5001/app', 'https://plain.example.com:5001/v2/app/tags/list'],
    ['localhost/app', 'http://localhost/v2/app/tags/list'],
    ['localhost:5000/app', 'http://localhost:5000/v2/app/tags/list'],
    ['registry.localhost:5000/app', 'http://registry.localhost:5000/v2/app/tags/list'],
    ['127.0.0.1:5000/app', 'http://127.0.0.1:5000/v2/app/tags/list'],
    ['127.1.2.3/app', 'http://127.1.2.3/v2/app/tags/list'],
    ['[::1]:5000/app', 'http://[::1]:5000/v2/app/tags/list'],
    ['[::1]/app', 'http://[::1]/v2/app/tags/list'],
    ['[::2]:5000/app', 'https://[::2]:5000/v2/app/tags/list'],
    ['128.0.0.1/app', 'https://128.0.0.1/v2/app/tags/list'],
    ['localhost.example.com/app', 'https://localhost.example.com/v2/app/tags/list'],
    ['127.0.0.1.example.com/app', 'https://127.0.0.1.example.com/v2/app/tags/list'],
  ])('%s is %s', (repository, url) => {
    expect(urlOf(repository)).toBe(url);
  });
});

describe('the origin of a host', () => {
  it.each([
    ['registry.example.com', 'https://registry.example.com'],
    ['registry.example.com:443', 'https://registry.example.com'],
    ['registry.example.com:80', 'https://registry.example.com:80'],
    ['localhost:80', 'http://localhost'],
    ['Registry.Example.COM', 'https://registry.example.com'],
    ['docker.io', 'https://registry-1.docker.io'],
  ])('%s is %s, as URLs write it', (host, origin) => {
    expect(endpoints.originOf(host)).toBe(origin);
    expect(new URL(origin).origin).toBe(origin);
  });

  it('is recognised whatever way the host is written', async () => {
    const server = await embeddedForTest({ auth: { kind: 'basic', users: { alice: 'a' } } });
    const host = server.host.replace('127.0.0.1', 'LOCALHOST');
    const keychain = keychainOf({ [host]: { kind: 'basic', username: 'alice', password: 'a' } });
    const { registry } = clientForTest({ keychain, plainHttp: [host] });
    const repository = parseRepository(`${host}/app`);
    if (repository === undefined) throw new Error('no repository');
    expect(await registry.resolve(repository, tagOf('v1'), quiet())).toBeUndefined();
  });
});

describe('the name of a repository', () => {
  it.each([
    ['docker.io/nginx', 'library/nginx'],
    ['docker.io/org/app', 'org/app'],
    ['gcr.io/nginx', 'nginx'],
  ])('%s is %s in scopes and mounts', (text, name) => {
    const repository = parseRepository(text);
    expect(repository && nameOf(repository)).toBe(name);
  });
});
