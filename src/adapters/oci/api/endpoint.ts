import { hostOf, pathOf, type Repository } from '../../../image/repository.ts';

/** Docker Hub answers under another name than the one that everybody writes. */
const DOCKER_HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * Which URL a repository has. Those in `plainHttp` are spoken to in http, and loopback hosts, unless they have
 * certificates.
 */
export class Endpoints {
  readonly #plainHttp: ReadonlySet<string>;
  readonly #hasCertificates: (host: string) => boolean;
  readonly #origins = new Map<string, string>();

  constructor(plainHttp: Iterable<string>, hasCertificates: (host: string) => boolean = () => false) {
    this.#plainHttp = new Set(plainHttp);
    this.#hasCertificates = hasCertificates;
  }

  /** `https://host` of a host as manifests name it, as `URL.origin` writes it: small letters, no default port. */
  originOf(host: string): string {
    const known = this.#origins.get(host);
    if (known !== undefined) return known;
    const origin = this.#makeOrigin(host);
    this.#origins.set(host, origin);
    return origin;
  }

  /** A URL below `/v2/<name>/`. */
  urlOf(repository: Repository, rest: string): URL {
    return new URL(`${this.originOf(hostOf(repository))}/v2/${nameOf(repository)}/${rest}`);
  }

  #makeOrigin(host: string): string {
    if (DOCKER_HUB.has(host)) return 'https://registry-1.docker.io';
    const isPlain = this.#plainHttp.has(host) || (isLoopback(host) && !this.#hasCertificates(host));
    return new URL(`${isPlain ? 'http' : 'https'}://${host}`).origin;
  }
}

/** `<name>` of the distribution spec: on Docker Hub a name without a namespace is below `library`. */
export function nameOf(repository: Repository): string {
  const path = pathOf(repository);
  return DOCKER_HUB.has(hostOf(repository)) && !path.includes('/') ? `library/${path}` : path;
}

function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(name)
  );
}
