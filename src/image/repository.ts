declare const brand: unique symbol;

/**
 * A full repository path, `host[:port]/name`, and the key of everything this program remembers of a repository.
 * It is never split back into "registry + image": destinations may be nested in each other.
 */
export type Repository = string & { readonly [brand]: 'repository' };

/** A registry in a manifest: `host[:port]` or `host[:port]/path`. */
export type RegistryName = string & { readonly [brand]: 'registry' };

/** The part of a repository below a registry name: `app` or `group/app`. */
export type ImageName = string & { readonly [brand]: 'image-name' };

/** `<name>` of the distribution spec is at most this long, so that clients may rely on 255 with a host. */
const MAX_PATH_LENGTH = 255;
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;

/**
 * The registry name that a text is, or undefined. The first component must look like a host: it has a dot or a
 * port, or is `localhost`; so `library/nginx` is not one.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export function parseRegistryName(text: string): RegistryName | undefined {
  const slash = text.indexOf('/');
  const host = slash === -1 ? text : text.slice(0, slash);
  if (!HOST.test(host) || !/[.:]|^localhost$/.test(host) || !hasGoodPort(host)) return undefined;
  if (!URL.canParse(`https://${host}`)) return undefined; // 1127.0.0.1 is neither a name nor an address
  if (slash !== -1 && !isPath(text.slice(slash + 1))) return undefined;
  return text as RegistryName;
}

/** The image name that a text is, or undefined: the `<name>` grammar of the distribution spec. */
export function parseImageName(text: string): ImageName | undefined {
  return isPath(text) ? (text as ImageName) : undefined;
}

/** The repository of an image in a registry. */
export function repositoryOf(registry: RegistryName, image: ImageName): Repository {
  return `${registry}/${image}` as Repository;
}

/** The repository that a text is, or undefined. */
export function parseRepository(text: string): Repository | undefined {
  return parseRegistryName(text) !== undefined && text.includes('/')
    ? (text as unknown as Repository)
    : undefined;
}

/** A registry as a repository, which it may be as well; for a bare host, only the key of its identity. */
export function asRepository(registry: RegistryName): Repository {
  return registry as unknown as Repository;
}

/** A repository as a registry: what is below it. */
export function asRegistry(repository: Repository): RegistryName {
  return repository as unknown as RegistryName;
}

/** The repository of a request without one: no registry has it. */
export const NO_REPOSITORY = '' as Repository;

/** The registry that a host is. */
export function hostRegistryOf(repository: Repository | RegistryName): RegistryName {
  return hostOf(repository) as RegistryName;
}

/** True for a repository at or below a registry, whole path components compared: `…/prod2` is not below `…/prod`. */
export function isWithin(repository: Repository, registry: RegistryName): boolean {
  return `${repository}/`.startsWith(`${registry}/`);
}

/** The registry one component above, or undefined for a bare host. */
export function parentOf(registry: RegistryName): RegistryName | undefined {
  const slash = registry.lastIndexOf('/');
  return slash === -1 ? undefined : (registry.slice(0, slash) as RegistryName);
}

export function hostOf(repository: Repository | RegistryName): string {
  const slash = repository.indexOf('/');
  return slash === -1 ? repository : repository.slice(0, slash);
}

/** The repository without its host: `<name>` in the URLs of the distribution spec. */
export function pathOf(repository: Repository): string {
  return repository.slice(repository.indexOf('/') + 1);
}

function hasGoodPort(host: string): boolean {
  const port = /:(\d+)$/.exec(host)?.[1];
  return port === undefined || (Number(port) > 0 && Number(port) < 65_536);
}

function isPath(text: string): boolean {
  return text.length <= MAX_PATH_LENGTH && PATH.test(text);
}
