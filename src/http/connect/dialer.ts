import type { LookupAddress } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { getOrMake } from '../../base/maps.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { proxyFault } from '../connection-error.ts';
import type { ReadBuffer } from '../http1/connection.ts';
import { AddressError } from './address-error.ts';
import { classifyHostname, mayConnect, type Nearest, type Reach } from './address-policy.ts';
import { dialTcp, targetOf, TlsDialer } from './dial.ts';
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

export interface DialParts {
  readonly onread: ReadBuffer;
  readonly signal: AbortSignal;
}

/**
 * Makes the connections of a group, through a proxy if one is configured, and to no nearer address than the group
 * allows. Addresses are checked after the DNS lookup and before anything is sent, and again once connected.
 */
export class Dialer {
  readonly #reach: AllowedTargets;
  readonly #proxies: Proxies;
  readonly #classify: NetworkOptions['classify'];
  readonly #lookup: LookupFunction;
  /** One per context, because each remembers TLS sessions. */
  readonly #secure = new Map<SecureContext, TlsDialer>();

  constructor(reach: AllowedTargets, { network, proxies }: ConnectorParts) {
    this.#reach = reach;
    this.#proxies = proxies;
    this.#classify = network.classify;
    this.#lookup = guardLookup(network, reach.nearest);
  }

  /**
   * Throws `AddressError`, `TlsFileError`, `RegistryError` for a proxy, and what `dialTcp` throws. Plain http goes to a
   * proxy without a tunnel, and not through here.
   */
  async dial(origin: URL, parts: DialParts): Promise<Socket> {
    refuseHostname(origin.hostname, { nearest: this.#reach.nearest, classify: this.#classify });
    if (origin.protocol === 'http:') return this.#direct(origin, { ...parts, secure: undefined });
    const secure = await this.#secureFor(origin);
    const proxy = this.#proxies.proxyFor(origin);
    if (proxy === undefined) return this.#direct(origin, { ...parts, secure });
    const tunnel = await this.#tunnel(origin, { ...parts, proxy });
    const literal = classifyHostname(origin.hostname);
    this.#reach.onConnected(origin.origin, literal === 'private' ? literal : 'public');
    return secure.dial(targetOf(origin), { ...parts, tunnel });
  }

  async #direct(
    origin: URL,
    { secure, ...parts }: DialParts & { readonly secure: TlsDialer | undefined },
  ): Promise<Socket> {
    const target = targetOf(origin);
    const options = { ...parts, lookup: this.#lookup };
    const socket = await (secure?.dial(target, options) ?? dialTcp(target, options));
    const address = socket.remoteAddress;
    if (address === undefined) {
      socket.destroy();
      throw new RegistryError('unreachable', 'the connection ended at once', { temporary: true });
    }
    const found = this.#classify(address);
    if (!mayConnect(found, this.#reach.nearest)) {
      socket.destroy();
      throw new AddressError(origin.hostname, { address, found });
    }
    this.#reach.onConnected(origin.origin, found === 'forbidden' ? 'public' : found);
    return socket;
  }

  async #secureFor({ host }: URL): Promise<TlsDialer> {
    const secureContext = await this.#reach.contextOf(host);
    return getOrMake(this.#secure, secureContext, () => new TlsDialer(secureContext));
  }

  async #tunnel(
    origin: URL,
    { proxy, signal }: { readonly proxy: Proxy; readonly signal: AbortSignal },
  ): Promise<Socket> {
    const { port } = targetOf(origin);
    const socket = await connectToProxy(proxy, { contextOf: this.#reach.contextOf, signal });
    return openTunnel(proxy, { socket, target: `${origin.hostname}:${port}`, signal });
  }
}

/** A connection to a proxy, at any address: the user has named it. Throws `TlsFileError` or `RegistryError`. */
export async function connectToProxy(
  proxy: Proxy,
  { contextOf, ...parts }: Partial<DialParts> & Pick<AllowedTargets, 'contextOf'> & Pick<DialParts, 'signal'>,
): Promise<Socket> {
  const { protocol, host } = proxy.url;
  const target = targetOf(proxy.url);
  const secureContext = protocol === 'https:' ? await contextOf(host) : undefined;
  try {
    if (secureContext === undefined) return await dialTcp(target, parts);
    return await new TlsDialer(secureContext).dial(target, parts);
  } catch (cause) {
    throw failed(proxy, { ...proxyFault(cause, host), cause });
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
