import { hostOf, pathOf, type Repository } from '../../../image/repository.ts';

/** Docker Hub's registry has another name than the one in references. */
const DOCKER_HUB = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** Hosts that are spelled as loopback. Other spellings of such addresses need `-plain-http`. */
const LOOPBACK = /^(?:localhost|[^:]+\.localhost|\[::1\]|127(?:\.\d{1,3}){3})(?::\d+)?$/;

/** URLs of repositories: http for the hosts in `plainHttp`, and for loopback hosts without certificates; else https. */
export class Endpoints {
  readonly #plainHttp: ReadonlySet<string>;
  readonly #hasCertificates: (host: string) => boolean;
  readonly #origins = new Map<string, string>();

  constructor(plainHttp: Iterable<string>, hasCertificates: (host: string) => boolean = () => false) {
    this.#plainHttp = new Set(plainHttp);
    this.#hasCertificates = hasCertificates;
  }

  /** The origin of a host as manifests name it: lower case, without a default port. */
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
    const isPlain = this.#plainHttp.has(host) || (LOOPBACK.test(host) && !this.#hasCertificates(host));
    return new URL(`${isPlain ? 'http' : 'https'}://${host}`).origin;
  }
}

/** `<name>` of the distribution specification: on Docker Hub a name without a namespace is below `library`. */
export function nameOf(repository: Repository): string {
  const path = pathOf(repository);
  return DOCKER_HUB.has(hostOf(repository)) && !path.includes('/') ? `library/${path}` : path;
}
