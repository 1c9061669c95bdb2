import { BlockList, isIP } from 'node:net';
import { RegistryError } from '../../ports/registry-error.ts';
import { classifyHostname } from './address-policy.ts';
import type { Env } from './network-options.ts';

export interface Proxy {
  /** `http://proxy:3128`: the only part of the URL that may be printed. */
  readonly origin: string;
  readonly url: URL;
  /** A value for `proxy-authorization`: a secret. */
  readonly authorization: string | undefined;
}

/**
 * The proxy of a URL: `HTTPS_PROXY` and `HTTP_PROXY` unless `NO_PROXY` names its host, in upper or lower case, with
 * the rules of Go programs. Loopback hosts have no proxy.
 *
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 */
export class Proxies {
  /** The values of their variables. */
  readonly #values: Readonly<Record<Protocol, string>>;
  readonly #exceptions: readonly Exception[];

  constructor(env: Env) {
    this.#values = { 'https:': valueOf(env, VARIABLES['https:']), 'http:': valueOf(env, VARIABLES['http:']) };
    this.#exceptions = parseExceptions(valueOf(env, 'NO_PROXY'));
  }

  /** Throws `RegistryError` if the variable is no valid proxy URL. The message never contains its value. */
  proxyFor(url: URL): Proxy | undefined {
    const protocol = url.protocol === 'https:' ? 'https:' : 'http:';
    const value = this.#values[protocol];
    if (value === '' || classifyHostname(url.hostname) === 'loopback') return undefined;
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    if (this.#exceptions.some((excepts) => excepts(url.hostname, port))) return undefined;
    return parseProxy(VARIABLES[protocol], value);
  }
}

/** The proxies of these protocols. Throws `RegistryError` for an unusable one, even if no host uses it. */
export function readProxies(env: Env, protocols: readonly Protocol[]): readonly Proxy[] {
  return protocols.flatMap((protocol) => {
    const value = valueOf(env, VARIABLES[protocol]);
    return value === '' ? [] : [parseProxy(VARIABLES[protocol], value)];
  });
}

type Protocol = keyof typeof VARIABLES;

const VARIABLES = { 'https:': 'HTTPS_PROXY', 'http:': 'HTTP_PROXY' } as const;

function valueOf(env: Env, name: string): string {
  return (env[name] || env[name.toLowerCase()] || '').trim();
}

function parseProxy(name: string, value: string): Proxy {
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const got = url === undefined ? '' : `, got ${url.protocol}//`;
    throw new RegistryError(
      'unreachable',
      `${name} is no proxy: expected http://HOST:PORT or https://HOST:PORT${got}`,
    );
  }
  return { origin: url.origin, url, authorization: authorizationOf(name, url) };
}

function authorizationOf(name: string, url: URL): string | undefined {
  if (url.username === '') return undefined;
  try {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return `Basic ${Buffer.from(pair).toString('base64')}`;
  } catch {
    const message = `${name}: the user or password of the proxy ${url.origin} is not percent-encoded as it must be`;
    throw new RegistryError('unreachable', message);
  }
}

type Exception = (hostname: string, port: string) => boolean;

/** `*`, or hosts, domains, addresses and ranges (`10.0.0.0/8`), each with an optional port. */
function parseExceptions(value: string): readonly Exception[] {
  return value
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(parseException);
}

function parseException(entry: string): Exception {
  if (entry === '*') return () => true;
  if (entry.includes('/')) return parseRange(entry);
  const [, host = entry, port] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  const wanted = bareHost(host);
  const isOfPort = (actual: string) => port === undefined || port === actual;
  if (wanted.startsWith('.') || wanted.startsWith('*.')) {
    const domain = wanted.replace(/^\*/, '');
    return (hostname, actual) => isOfPort(actual) && bareHost(hostname).endsWith(domain);
  }
  return (hostname, actual) => {
    const name = bareHost(hostname);
    return isOfPort(actual) && (name === wanted || (isIP(name) === 0 && name.endsWith(`.${wanted}`)));
  };
}

function parseRange(entry: string): Exception {
  const [address = '', bits = ''] = entry.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 'ipv4' ? 32 : 128)) {
    return () => false; // Go ignores an invalid entry, too
  }
  list.addSubnet(address, Number(bits), family);
  return (hostname) => {
    const name = bareHost(hostname);
    return isIP(name) !== 0 && list.check(name, isIP(name) === 4 ? 'ipv4' : 'ipv6');
  };
}

function bareHost(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
