import {
  asRepository,
  hostOf,
  hostRegistryOf,
  isWithin,
  parseImageName,
  repositoryOf,
  type RegistryName,
  type Repository,
} from '../../image/repository.ts';
import type { HttpRequest } from './http.ts';
import { listOf, MAX_PAGE_BYTES, readPages } from './pages.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { describeRequest } from './http.ts';
import type { Session } from './session.ts';

/**
 * GET `/v2/_catalog`, every page: no part of the specification any more, but most registries that one runs have it.
 * Asked without `n`, because registries refuse one that is larger than they like.
 *
 * @see https://distribution.github.io/distribution/spec/api/#listing-repositories
 */
export async function readCatalog(
  session: Session,
  { registry, signal }: { registry: RegistryName; signal: AbortSignal },
): Promise<readonly Repository[]> {
  const request = catalogRequest(session, { registry, signal });
  const host = hostRegistryOf(registry);
  const names = new Set<Repository>();
  for await (const page of readPages(session, request, {
    entries: 'repositories',
    taken: () => names.size,
  })) {
    if (page === 'missing') throw notOffered(request);
    for (const entry of listOf(page, 'repositories')) {
      const name = typeof entry === 'string' ? parseImageName(entry) : undefined;
      if (name !== undefined) names.add(repositoryOf(host, name));
    }
  }
  return Array.from(names).filter((repository) => isWithin(repository, registry));
}

function catalogRequest(
  session: Session,
  { registry, signal }: { registry: RegistryName; signal: AbortSignal },
): HttpRequest {
  const host = hostOf(registry);
  return {
    method: 'GET',
    url: new URL(`${session.endpoints.originOf(host)}/v2/_catalog`),
    host,
    repository: asRepository(registry),
    headers: {},
    scopes: ['registry:catalog:*'],
    maxBodyBytes: MAX_PAGE_BYTES,
    signal,
  };
}

function notOffered(request: HttpRequest): RegistryError {
  const message = `${describeRequest(request)}: 404: the registry has no list of its repositories`;
  return new RegistryError('refused', message, { status: 404 });
}
