import {
  parseRegistryName,
  parseRepository,
  pathOf,
  type RegistryName,
  type Repository,
} from '../../image/repository.ts';

/** A public host that serves what destinations hold, itself or by sending on to the nearest of them. */
export interface Mirror {
  /** `host[:port]`. */
  readonly host: RegistryName;
  /** The path below a destination's host that the mirror stands for; what is above it has no name there. '' is all. */
  readonly root: string;
}

/** Fronts whose root is known. @see https://github.com/kubernetes/registry.k8s.io */
const KNOWN_ROOTS: ReadonlyMap<string, string> = new Map([['registry.k8s.io', 'k8s-artifacts-prod/images']]);

/** The mirror that `HOST` or `HOST=ROOT` names, or undefined. */
export function parseMirror(text: string): Mirror | undefined {
  const [name = '', root, ...more] = text.split('=');
  const host = name.includes('/') ? undefined : parseRegistryName(name);
  if (host === undefined || more.length > 0) return undefined;
  if (root === undefined) return { host, root: KNOWN_ROOTS.get(host) ?? '' };
  return parseRegistryName(`${host}/${root}`) === undefined ? undefined : { host, root };
}

/**
 * What the mirror calls a destination repository, or undefined where it has no name for it:
 * `us-central1-docker.pkg.dev/k8s-artifacts-prod/images/kubernetes/pause` is `registry.k8s.io/kubernetes/pause`.
 */
export function throughMirror(repository: Repository, { host, root }: Mirror): Repository | undefined {
  const path = pathOf(repository);
  if (root === '') return parseRepository(`${host}/${path}`);
  return path.startsWith(`${root}/`) ? parseRepository(`${host}/${path.slice(root.length + 1)}`) : undefined;
}
