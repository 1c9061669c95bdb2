import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { type AddressClass, classifyAddress } from './address-policy.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** How the wire reaches its hosts. */
export interface NetworkOptions {
  /** Where `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR` are looked up. */
  readonly env: Env;
  /** Files of certificate authorities to trust besides those of node and of the system. */
  readonly caFiles: readonly string[];
  /** Directories as docker's `certs.d`: in each, one for every host, named `HOST[:PORT]`. */
  readonly certDirectories: readonly string[];
  /** Where systems keep the authorities that they trust; the first that is there is read, unless `SSL_CERT_FILE` is set. */
  readonly systemBundles: readonly string[];
  /** How names become addresses. */
  readonly lookup: LookupFunction;
  /** How near an address is: a test that has nothing but loopback says otherwise. */
  readonly classify: (address: string) => AddressClass;
}

/** What is not set: no proxy, no file of the user's own, and the places where this system keeps certificates. */
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

/** Those of podman and docker, a user's own before the machine's. */
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
