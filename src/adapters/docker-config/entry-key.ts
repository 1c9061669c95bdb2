import { trimEndOf } from '../../base/text.ts';
import { hostOf, pathOf, type Repository } from '../../image/repository.ts';

/** Docker Hub's credentials stand under its first address. */
const DOCKER_HUB = 'index.docker.io';

/** The scope of a key in `auths` or `credHelpers`: a `host`, or `host/path` with everything below. */
export interface EntryPlace {
  readonly place: string;
  /** The lowest rank wins among keys of one place: docker itself writes several for Docker Hub. */
  readonly rank: number;
}

/**
 * Keys are hosts, or repositories and their parent paths as podman writes them. In a URL, or after an API version, the
 * path means nothing: `https://index.docker.io/v1/` is a host. Hosts match whole: `gcr.io` is not `eu.gcr.io`.
 *
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md#format
 */
export function placeOfKey(key: string): EntryPlace {
  const bare = key.replace(/^https?:\/\//, '');
  const [written = '', ...components] = bare.split('/');
  const host = canonicalHost(written);
  const path = trimEndOf(components.join('/'), '/');
  if (path === '' || /^v[12]$/.test(path)) return { place: host, rank: 0 };
  return bare === key ? { place: `${host}/${path}`, rank: 0 } : { place: host, rank: 1 };
}

/** The places of the entries for a repository, the longest first. */
export function placesOf(repository: Repository): readonly string[] {
  const host = canonicalHost(hostOf(repository));
  const path = pathOf(repository);
  const isOfficial = host === DOCKER_HUB && !path.includes('/');
  const components = [host, ...(isOfficial ? ['library'] : []), ...path.split('/')];
  return components.map((_, index) => components.slice(0, components.length - index).join('/'));
}

/** The name of a host for credential helpers. */
export function helperAddress(host: string): string {
  return host === DOCKER_HUB ? 'https://index.docker.io/v1/' : host;
}

export function canonicalHost(host: string): string {
  return host === 'docker.io' || host === 'registry-1.docker.io' ? DOCKER_HUB : host;
}
