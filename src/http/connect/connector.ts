import type { LookupAddress } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import buildConnector from 'undici/lib/core/connect.js';
import { messageOf } from '../../base/errors.ts';
import { TIME_LIMITS } from '../../base/limits-and-retries.ts';
import { getOrMake } from '../../base/maps.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { AddressError } from './address-error.ts';
import { classifyHostname, mayConnect, type Nearest, type Reach } from './address-policy.ts';
import type { NetworkOptions } from './network-options.ts';
import type { Proxies, Proxy } from './proxies.ts';
import { failed, openTunnel } from './tunnel.ts';

/** The addresses that a group of connections may reach, its TLS contexts and its proxy. */
export interface AllowedTargets {
  readonly nearest: Reach;
  readonly contextOf: (host: string) => Promise<SecureContext>;
  /** Called for every connection; `public` for a connection through a proxy, whose address is unknown. */
  readonly onConnected: (origin: string, address: Nearest) => void;
}

export interface ConnectorParts {
  readonly network: Pick<NetworkOptions, 'lookup' | 'classify'>;
  readonly proxies: Proxies;
}

type Target = buildConnector.Options;

/**
 * Makes the connections of a group, through a proxy if one is configured, and to no nearer address than the group
 * allows. Addresses are checked after the DNS lookup and before anything is sent, and again once connected.
 */
export function createConnector(reach: AllowedTargets, parts: ConnectorParts): buildConnector.connector {
  const dialer = new Dialer(reach, parts);
  return (target, callback) => {
    dialer.dial(target).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error instanceof Error ? error : new Error(messageOf(error)), null),
    );
  };
}

class Dialer {
  readonly #reach: AllowedTargets;
  readonly #proxies: Proxies;
  readonly #classify: NetworkOptions['classify'];
  readonly #plain: buildConnector.connector;
  readonly #lookup: LookupFunction;
  /** One per context, because each remembers TLS sessions. */
  readonly #secure = new Map<SecureContext, buildConnector.connector>();

  constructor(reach: AllowedTargets, { network, proxies }: ConnectorParts) {
    this.#reach = reach;
    this.#proxies = proxies;
    this.#classify = network.classify;
    this.#lookup = guardLookup(network, reach.nearest);
    this.#plain = buildConnector({ timeout: TIME_LIMITS.connect, lookup: this.#lookup });
  }

  async dial(target: Target): Promise<Socket> {
    const origin = `${target.protocol}//${target.host ?? target.hostname}`;
    refuseHostname(target.hostname, { nearest: this.#reach.nearest, classify: this.#classify });
    const proxy = this.#proxies.proxyFor(new URL(origin));
    const secure = target.protocol === 'https:' ? await this.#secureFor(target) : undefined;
    if (proxy === undefined) return this.#direct(origin, { target, connector: secure ?? this.#plain });
    const httpSocket = await tunnelTo(proxy, target, this.#reach.contextOf);
    const literal = classifyHostname(target.hostname);
    this.#reach.onConnected(origin, literal === 'private' ? literal : 'public');
    return secure === undefined ? httpSocket : connect(secure, { ...target, httpSocket });
  }

  async #direct(
    origin: string,
    { target, connector }: { target: Target; connector: buildConnector.connector },
  ): Promise<Socket> {
    const socket = await connect(connector, target);
    const address = socket.remoteAddress;
    if (address === undefined) {
      socket.destroy();
      throw new RegistryError('unreachable', 'the connection ended at once', { temporary: true });
    }
    const found = this.#classify(address);
    if (!mayConnect(found, this.#reach.nearest)) {
      socket.destroy();
      throw new AddressError(target.hostname, { address, found });
    }
    this.#reach.onConnected(origin, found === 'forbidden' ? 'public' : found);
    return socket;
  }

  async #secureFor(target: Target): Promise<buildConnector.connector> {
    const secureContext = await this.#reach.contextOf(target.host ?? target.hostname);
    return getOrMake(this.#secure, secureContext, () =>
      buildConnector({ timeout: TIME_LIMITS.connect, lookup: this.#lookup, secureContext }),
    );
  }
}

function connect(connector: buildConnector.connector, target: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connector(target, (error, socket) => (error === null ? resolve(socket) : reject(error)));
  });
}

async function tunnelTo(
  proxy: Proxy,
  target: Target,
  contextOf: AllowedTargets['contextOf'],
): Promise<Socket> {
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  const name = target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname;
  const socket = await connectToProxy(proxy, contextOf);
  return openTunnel(proxy, { socket, target: `${name}:${port}` });
}

/** A connection to a proxy, at any address: the user has named it. */
export async function connectToProxy(proxy: Proxy, contextOf: AllowedTargets['contextOf']): Promise<Socket> {
  const { protocol, host, port } = proxy.url;
  const hostname = proxy.url.hostname.replace(/^\[|\]$/g, '');
  const secureContext = protocol === 'https:' ? await contextOf(host) : undefined;
  const connector = buildConnector({ timeout: TIME_LIMITS.connect, ...(secureContext && { secureContext }) });
  try {
    return await connect(connector, { protocol, hostname, host, port });
  } catch (cause) {
    throw failed(proxy, { why: messageOf(cause), temporary: true, cause });
  }
}

/** Refuses a hostname that is an address: no DNS lookup will check it. */
export function refuseHostname(
  hostname: string,
  { nearest, classify }: { readonly nearest: Reach; readonly classify: NetworkOptions['classify'] },
): void {
  const known = classifyHostname(hostname);
  if (known === undefined) return;
  const bare = hostname.replace(/^\[|\]$/g, '');
  const found = /^[\d.]+$|:/.test(bare) ? classify(bare) : known;
  if (!mayConnect(found, nearest)) throw new AddressError(hostname, { address: bare, found });
}

/** Returns only the allowed addresses of a name; fails if there are none. */
function guardLookup({ lookup, classify }: ConnectorParts['network'], nearest: Reach): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0);
      const all: readonly LookupAddress[] = Array.isArray(found) ? found : [];
      const allowed = all.filter(({ address }) => mayConnect(classify(address), nearest));
      const [first] = allowed;
      const [refused] = all;
      if (first === undefined) {
        const address = refused?.address ?? '';
        return callback(new AddressError(hostname, { address, found: classify(address) }), '', 0);
      }
      if (options.all === true) callback(null, [...allowed]);
      else callback(null, first.address, first.family);
    });
  };
}
