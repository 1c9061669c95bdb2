import {
  parseRegistryName,
  parseRepository,
  pathOf,
  type RegistryName,
  type Repository,
} from '../../image/repository.ts';

/** A public host that serves the content of destinations, itself or by redirecting to the nearest one. */
export interface Mirror {
  /** `host[:port]`. */
  readonly host: RegistryName;
  /** The path below a destination's host that is the root of the mirror; '' is the whole host. */
  readonly root: string;
}

/** Mirrors with a known root. @see https://github.com/kubernetes/registry.k8s.io */
const KNOWN_ROOTS: ReadonlyMap<string, string> = new Map([['registry.k8s.io', 'k8s-artifacts-prod/images']]);

/** Parses `HOST` or `HOST=ROOT`; undefined for anything else. */
export function parseMirror(text: string): Mirror | undefined {
  const [name = '', root, ...more] = text.split('=');
  const host = name.includes('/') ? undefined : parseRegistryName(name);
  if (host === undefined || more.length > 0) return undefined;
  if (root === undefined) return { host, root: KNOWN_ROOTS.get(host) ?? '' };
  return parseRegistryName(`${host}/${root}`) === undefined ? undefined : { host, root };
}

/**
 * The mirror's name for a destination repository; undefined for a repository outside the root.
 * `us-central1-docker.pkg.dev/k8s-artifacts-prod/images/kubernetes/pause` is `registry.k8s.io/kubernetes/pause`.
 */
export function throughMirror(repository: Repository, { host, root }: Mirror): Repository | undefined {
  const path = pathOf(repository);
  if (root === '') return parseRepository(`${host}/${path}`);
  return path.startsWith(`${root}/`) ? parseRepository(`${host}/${path.slice(root.length + 1)}`) : undefined;
}
