import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { getOrMake } from '../../base/maps.ts';
import type { NetworkOptions } from './network-options.ts';
import { type ClientPair, type HostFiles, readCommonCas, readHostFiles, TlsFileError } from './tls-files.ts';

/**
 * The trusted authorities and the client certificate of each host. A secure context is created at the first connection
 * that needs it. Hosts without their own files share one.
 */
export class TlsContexts {
  readonly #options: NetworkOptions;
  readonly #contexts = new Map<string, Promise<SecureContext>>();
  readonly #files = new Map<string, Promise<HostFiles>>();
  #common: Promise<readonly string[]> | undefined;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** For connections to a host that the user named: the authorities and the client certificate of the host. */
  async contextOf(host: string): Promise<SecureContext> {
    const { cas, client } = await this.#filesOf(host);
    return this.#contextFor(cas, client);
  }

  /**
   * For connections that a response of a registry led to: the authorities of both hosts, as in docker, but no client
   * certificate, because an identity stays with its origin.
   */
  async ledContextOf(registry: string, host: string): Promise<SecureContext> {
    const files = await Promise.all([this.#filesOf(registry), this.#filesOf(host)]);
    return this.#contextFor(
      files.flatMap(({ cas }) => cas),
      undefined,
    );
  }

  /** True if a host has its own authorities. */
  async hasOwnCas(host: string): Promise<boolean> {
    return (await this.#filesOf(host)).cas.length > 0;
  }

  /** True if connections to a host present a client certificate. */
  async hasClient(host: string): Promise<boolean> {
    return (await this.#filesOf(host)).client !== undefined;
  }

  #filesOf(host: string): Promise<HostFiles> {
    return getOrMake(this.#files, host, () => readHostFiles(this.#options.certDirectories, host));
  }

  #contextFor(cas: readonly string[], client: ClientPair | undefined): Promise<SecureContext> {
    const key = JSON.stringify([cas, client?.certFile]);
    return getOrMake(this.#contexts, key, async () => {
      this.#common ??= readCommonCas(this.#options);
      return makeContext([...(await this.#common), ...cas], client);
    });
  }
}

function makeContext(cas: readonly string[], client: ClientPair | undefined): SecureContext {
  const own = new Set(rootCertificates.map(withoutSpace));
  const more = cas.filter((ca) => !own.has(withoutSpace(ca)));
  const ca = more.length === 0 ? {} : { ca: [...rootCertificates, ...more] }; // node reads its own ones faster
  if (client === undefined) return createSecureContext(ca);
  try {
    return createSecureContext({ ...ca, cert: client.cert, key: client.key });
  } catch (cause) {
    const why = PEM_KEY.test(client.key)
      ? `is not the key of "${client.certFile}", or needs a passphrase`
      : 'is no key: expected PEM, which begins -----BEGIN PRIVATE KEY-----';
    const message = `"${client.keyFile}" ${why}`;
    throw new TlsFileError('bad-key', message, { cause });
  }
}

const PEM_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;

function withoutSpace(pem: string): string {
  return pem.replace(/\s/g, '');
}
