import type { Dispatcher } from 'undici';
import type buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import { MAX_HEADER_BYTES } from '../../base/invalid-http.ts';
import { TIME_LIMITS } from '../../base/limits-and-retries.ts';
import { getOrMake } from '../../base/maps.ts';
import type { HttpRequest } from '../request.ts';
import { fartherOf, type Nearest, type Reach } from './address-policy.ts';
import { type AllowedTargets, connectToProxy, createConnector, refuseHostname } from './connector.ts';
import type { NetworkOptions } from './network-options.ts';
import { Proxies, type Proxy } from './proxies.ts';
import type { TrustedRealms } from './realm-policy.ts';
import { TlsContexts } from './tls-contexts.ts';

/** The connection pool, URL and headers of a request. */
export interface Route {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly path: string;
  /** Added to the headers of the request. */
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
 *
 * A connection rests for a turn of the event loop after an answer, and without a bound undici opens another one for the
 * next request: twice as many as there are requests at a time.
 */
export class ConnectionPools {
  readonly #options: RouteOptions;
  readonly #trust: TlsContexts;
  readonly #proxies: Proxies;
  readonly #agents = new Map<string, Agent>();
  /** The address class of each registry, by origin. */
  readonly #seen = new Map<string, Nearest>();
  /** For requests to a registry itself. */
  readonly #own: AllowedTargets & { readonly key: string };
  #closed = false;

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
    const isBounded = reach === this.#own && !isLasting(request);
    const dispatcher = this.#agent(isBounded ? 'bounded' : reach.key, () => ({
      connect: createConnector(reach, { network: this.#options.network, proxies: this.#proxies }),
      ...(isBounded && { connections: this.#options.connections }),
    }));
    return { dispatcher, origin: url.origin, path: `${url.pathname}${url.search}`, headers: NO_HEADERS };
  }

  /** True if connections to a host present a client certificate. */
  hasClient(host: string): Promise<boolean> {
    return this.#trust.hasClient(host);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(Array.from(this.#agents.values(), (agent) => agent.destroy()));
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
    const dispatcher = this.#agent(proxy.origin, () => ({ connect: this.#proxyConnector(proxy) }));
    const { authorization } = proxy;
    const headers = {
      host: url.host,
      ...(authorization !== undefined && { 'proxy-authorization': authorization }),
    };
    return { dispatcher, origin: proxy.origin, path: `${url.origin}${url.pathname}${url.search}`, headers };
  }

  #proxyConnector(proxy: Proxy): buildConnector.connector {
    return (_target, callback) => {
      connectToProxy(proxy, (host) => this.#trust.contextOf(host)).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    };
  }

  #agent(key: string, optionsOf: () => Agent.Options): Agent {
    return getOrMake(this.#agents, key, () => {
      const agent = new Agent({
        ...optionsOf(),
        headersTimeout: TIME_LIMITS.uploadAnswer,
        bodyTimeout: TIME_LIMITS.idle,
        maxHeaderSize: MAX_HEADER_BYTES,
        keepAliveTimeout: TIME_LIMITS.keepAlive,
        pipelining: 1,
      });
      if (this.#closed) void agent.destroy();
      return agent;
    });
  }
}

const NO_HEADERS = {};

/** True for a request that keeps its connection while others of its host may have to be answered first. */
function isLasting({ answer, slot }: HttpRequest): boolean {
  return answer === 'stream' || slot === 'none';
}
