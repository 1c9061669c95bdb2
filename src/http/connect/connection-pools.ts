import { getOrMake } from '../../base/maps.ts';
import type { Dial } from '../http1/connection.ts';
import { ConnectionPool } from '../http1/connection-pool.ts';
import type { HttpRequest } from '../request.ts';
import { fartherOf, type Nearest, type Reach } from './address-policy.ts';
import { type AllowedTargets, connectToProxy, Dialer, refuseHostname } from './dialer.ts';
import type { NetworkOptions } from './network-options.ts';
import { Proxies, type Proxy } from './proxies.ts';
import type { TrustedRealms } from './realm-policy.ts';
import { TlsContexts } from './tls-contexts.ts';

/** The connections, the target and the headers of a request. */
export interface Route {
  readonly pool: ConnectionPool;
  readonly target: string;
  /** `host`, and what a proxy needs. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RouteOptions {
  /** `https://host` for a host of the manifests. Its responses may lead to other origins. */
  readonly originOf: (host: string) => string;
  readonly network: NetworkOptions;
  /** Pairs `registry=host`: responses of this registry may lead to that host, at any address class. */
  readonly trusted: TrustedRealms;
  /** The nearest address class of hosts that the user named. */
  readonly nearest: Reach;
  /** Connections to a registry for requests whose answers are read whole. Its callers send no more at a time. */
  readonly connections: number;
}

/**
 * A pool of connections for each origin. Requests to a registry itself and requests that its responses lead to
 * (redirects, token realms, upload locations) never share a pool, because they may reach different addresses.
 */
export class ConnectionPools {
  readonly #options: RouteOptions;
  readonly #trust: TlsContexts;
  readonly #proxies: Proxies;
  readonly #pools = new Map<string, ConnectionPool>();
  /** By the key of their group. */
  readonly #dialers = new Map<string, Dialer>();
  /** The address class of each registry, by origin. */
  readonly #seen = new Map<string, Nearest>();
  /** For requests to a registry itself. */
  readonly #own: AllowedTargets & { readonly key: string };
  /** Checks the time limits of connections every second, once there is a pool. */
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: RouteOptions) {
    this.#options = options;
    this.#trust = new TlsContexts(options.network);
    this.#proxies = new Proxies(options.network.env);
    this.#own = {
      key: 'own',
      nearest: options.nearest,
      contextOf: (target) => this.#trust.contextOf(target),
      onConnected: (origin, address) => {
        this.#seen.set(origin, fartherOf(this.#seen.get(origin) ?? address, address));
      },
    };
  }

  /** Throws `AddressError`, `TlsFileError` or `RegistryError` if the request cannot be routed. */
  routeOf(request: HttpRequest): Route | Promise<Route> {
    const registry = this.#options.originOf(request.host);
    if (request.url.origin === registry) return this.#routeWithin(request, this.#own);
    return this.#ledReach(request.url, registry).then((reach) => this.#routeWithin(request, reach));
  }

  #routeWithin(request: HttpRequest, reach: AllowedTargets & { readonly key: string }): Route {
    const { url } = request;
    const proxy = url.protocol === 'http:' ? this.#proxies.proxyFor(url) : undefined;
    if (proxy !== undefined) return this.#proxied(url, { reach, proxy });
    const { origin } = url;
    const isBounded = reach === this.#own && !isLasting(request);
    const key = isBounded ? origin : `${reach.key} ${origin}`;
    const pool = getOrMake(this.#pools, key, () => {
      const dialer = this.#dialerFor(reach);
      const dial: Dial = (onread, signal) => dialer.dial(new URL(origin), { onread, signal });
      return this.#makePool(dial, isBounded ? this.#options.connections : Infinity);
    });
    return { pool, target: `${url.pathname}${url.search}`, headers: { host: url.host } };
  }

  /** True if connections to a host present a client certificate. */
  hasClient(host: string): Promise<boolean> {
    return this.#trust.hasClient(host);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const pool of this.#pools.values()) pool.close();
  }

  /** For requests that responses of a registry lead to. */
  async #ledReach(url: URL, registry: string): Promise<AllowedTargets & { readonly key: string }> {
    const { host: registryHost } = new URL(registry);
    const isTrusted = this.#options.trusted.has(`${registryHost}=${url.host}`);
    const nearest = isTrusted ? 'loopback' : (this.#seen.get(registry) ?? 'public');
    const hasCas = url.protocol === 'https:' && (await this.#trust.hasOwnCas(registryHost));
    return {
      key: JSON.stringify([nearest, hasCas && registryHost]),
      nearest,
      contextOf: (target) => this.#trust.ledContextOf(registryHost, target),
      onConnected: () => {},
    };
  }

  /** Plain http goes to a proxy without a tunnel, because many proxies allow tunnels for https only. */
  #proxied(url: URL, { reach, proxy }: { readonly reach: AllowedTargets; readonly proxy: Proxy }): Route {
    refuseHostname(url.hostname, { nearest: reach.nearest, classify: this.#options.network.classify });
    const pool = getOrMake(this.#pools, `proxy ${proxy.origin}`, () => {
      const contextOf = (host: string) => this.#trust.contextOf(host);
      return this.#makePool(
        (onread, signal) => connectToProxy(proxy, { contextOf, onread, signal }),
        Infinity,
      );
    });
    const { authorization } = proxy;
    const headers = {
      host: url.host,
      ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    };
    return { pool, target: `${url.origin}${url.pathname}${url.search}`, headers };
  }

  #dialerFor(reach: AllowedTargets & { readonly key: string }): Dialer {
    const parts = { network: this.#options.network, proxies: this.#proxies };
    return getOrMake(this.#dialers, reach.key, () => new Dialer(reach, parts));
  }

  #makePool(dial: Dial, limit: number): ConnectionPool {
    const pool = new ConnectionPool(dial, limit);
    if (this.#isClosed) pool.close();
    else this.#timer ??= setInterval(() => this.#checkTimeouts(), 1000).unref();
    return pool;
  }

  #checkTimeouts(): void {
    for (const pool of this.#pools.values()) pool.checkTimeouts();
  }
}

/** True for a request that may hold its connection until other requests to its host are answered: a limit could deadlock. */
function isLasting({ answer, slot }: HttpRequest): boolean {
  return answer === 'stream' || slot === 'none';
}
