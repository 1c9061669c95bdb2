import { describe, expect, it } from 'vitest';
import { Proxies } from '../../../src/http/connect/proxies.ts';

const HTTPS = { HTTPS_PROXY: 'http://secure:3128' };
const BOTH = { ...HTTPS, HTTP_PROXY: 'http://plain:3128' };

function proxyOf(env: Readonly<Record<string, string>>, url: string): string | undefined {
  return new Proxies(env).proxyFor(new URL(url))?.origin;
}

describe('the proxy of a URL', () => {
  it.each<[Readonly<Record<string, string>>, string, string | undefined]>([
    [{}, 'https://r.test/', undefined],
    [{ HTTPS_PROXY: '' }, 'https://r.test/', undefined],
    [BOTH, 'https://r.test/', 'http://secure:3128'],
    [BOTH, 'http://r.test/', 'http://plain:3128'],
    [HTTPS, 'http://r.test/', undefined],
    [{ HTTP_PROXY: 'http://plain:3128' }, 'https://r.test/', undefined],
    [{ https_proxy: 'http://small:1' }, 'https://r.test/', 'http://small:1'],
    [{ https_proxy: 'http://small:1', ...HTTPS }, 'https://r.test/', 'http://secure:3128'],
    [{ HTTPS_PROXY: 'proxy.test:3128' }, 'https://r.test/', 'http://proxy.test:3128'],
    [{ HTTPS_PROXY: 'https://proxy.test' }, 'https://r.test/', 'https://proxy.test'],
    [BOTH, 'http://localhost:5000/', undefined],
    [BOTH, 'https://127.0.0.9/', undefined],
    [BOTH, 'https://[::1]:5000/', undefined],
    [BOTH, 'https://10.0.0.1/', 'http://secure:3128'],
  ])('%j: %s goes through %s', (env, url, expected) => {
    expect(proxyOf(env, url)).toBe(expected);
  });

  it.each<[string, string, boolean]>([
    ['*', 'https://r.test/', false],
    ['r.test', 'https://r.test/', false],
    ['R.Test', 'https://r.test/', false],
    ['r.test', 'https://eu.r.test:5000/', false],
    ['r.test', 'https://bar.test/', true],
    ['.r.test', 'https://eu.r.test/', false],
    ['*.r.test', 'https://eu.r.test/', false],
    ['.r.test', 'https://r.test/', true],
    ['r.test:5000', 'https://r.test:5000/', false],
    ['r.test:5000', 'https://r.test/', true],
    ['r.test:443', 'https://r.test/', false],
    ['a.test, r.test', 'https://r.test/', false],
    ['a.test r.test', 'https://r.test/', false],
    ['10.0.0.0/8', 'https://10.1.2.3/', false],
    ['10.0.0.0/8', 'https://11.1.2.3/', true],
    ['10.0.0.0/8', 'https://r.test/', true],
    ['10.0.0.0/99', 'https://10.1.2.3/', true],
    ['10.1.2.3', 'https://10.1.2.3/', false],
    ['fd00::/8', 'https://[fd12::1]/', false],
    ['[fd12::1]:443', 'https://[fd12::1]/', false],
    ['fd12::1', 'https://[fd12::1]/', false],
  ])('NO_PROXY %s: %s goes through it is %j', (noProxy, url, expected) => {
    for (const name of ['NO_PROXY', 'no_proxy']) {
      expect(proxyOf({ ...HTTPS, [name]: noProxy }, url) !== undefined).toBe(expected);
    }
  });

  it('is given its user and password, percent-decoded', () => {
    const proxy = new Proxies({ HTTPS_PROXY: 'http://us%40er:p%3Aw@proxy.test:3128' }).proxyFor(
      new URL('https://r.test/'),
    );
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from('us@er:p:w').toString('base64')}`);
    expect(proxy?.origin).toBe('http://proxy.test:3128');
  });

  it.each([
    [
      'socks5://alice:canary@proxy.test:1080',
      'HTTPS_PROXY is no proxy: expected http://HOST:PORT or https://HOST:PORT, got socks5://',
    ],
    ['http://alice:canary@', 'HTTPS_PROXY is no proxy: expected http://HOST:PORT or https://HOST:PORT'],
    [
      'http://alice:canary%@proxy.test',
      'HTTPS_PROXY: the user or password of the proxy http://proxy.test is not percent-encoded as it must be',
    ],
  ])('that cannot be one is refused without its password: %s', (value, message) => {
    expect(() => proxyOf({ HTTPS_PROXY: value }, 'https://r.test/')).toThrow(message);
    expect(() => proxyOf({ HTTPS_PROXY: value }, 'https://r.test/')).not.toThrow('canary');
  });
});
