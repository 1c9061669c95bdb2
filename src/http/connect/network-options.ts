import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { type AddressClass, classifyAddress } from './address-policy.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** Proxies, certificates and name resolution of the wire. */
export interface NetworkOptions {
  /** Has `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR`. */
  readonly env: Env;
  /** Files of trusted certificate authorities, in addition to those of node and the system. */
  readonly caFiles: readonly string[];
  /** Directories like docker's `certs.d`: each has one subdirectory per host, named `HOST[:PORT]`. */
  readonly certDirectories: readonly string[];
  /** Certificate bundles of systems. The first that exists is read, unless `SSL_CERT_FILE` is set. */
  readonly systemBundles: readonly string[];
  /** Resolves names. */
  readonly lookup: LookupFunction;
  /** Classifies addresses. Tests, which have only loopback addresses, replace it. */
  readonly classify: (address: string) => AddressClass;
}

/** Defaults: no proxy, no file of the user, and the certificate locations of this system. */
export function completeNetworkOptions(options: Partial<NetworkOptions> = {}): NetworkOptions {
  const env = options.env ?? {};
  return {
    env,
    caFiles: [],
    certDirectories: defaultCertDirectories(env),
    systemBundles: SYSTEM_BUNDLES,
    lookup: systemLookup,
    classify: classifyAddress,
    ...options,
  };
}

/** The directories of podman and docker, the user's before the machine's. */
function defaultCertDirectories(env: Env): readonly string[] {
  const home = env['HOME'];
  const config = env['XDG_CONFIG_HOME'] || (home ? join(home, '.config') : undefined);
  return [
    ...(config ? [join(config, 'containers/certs.d'), join(config, 'docker/certs.d')] : []),
    ...(home ? [join(home, '.docker/certs.d')] : []),
    '/etc/containers/certs.d',
    '/etc/docker/certs.d',
  ];
}

/** Debian and Alpine; Fedora and RHEL; SUSE; older RHEL; BSD and macOS. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
