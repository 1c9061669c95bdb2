import type { HttpRequest } from '../../../http/request.ts';
import { describeRequest } from '../../../http/request.ts';
import {
  hostRegistryOf,
  isWithin,
  parseImageName,
  type RegistryName,
  type Repository,
  repositoryOf,
} from '../../../image/repository.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { fitTexts } from './invalid-names.ts';
import { listOf, MAX_PAGE_BYTES, readPages } from './pages.ts';
import { hostRequest, type Session } from './session.ts';

/**
 * GET `/v2/_catalog`, page by page, each name once: no part of the specification any more, but most registries that one runs have it.
 * Asked without `n`, because registries refuse one that is larger than they like.
 *
 * @see https://distribution.github.io/distribution/spec/api/#listing-repositories
 */
export async function* readCatalog(
  session: Session,
  { registry, signal }: { registry: RegistryName; signal: AbortSignal },
): AsyncGenerator<readonly Repository[], void, undefined> {
  const parts = { method: 'GET', path: '_catalog', maxBodyBytes: MAX_PAGE_BYTES, signal } as const;
  const request = hostRequest(session, registry, parts);
  const host = hostRegistryOf(registry);
  const leaveOut = (name: unknown) => session.invalidNames.note(request.host, name);
  const names = new Set<Repository>();
  for await (const page of readPages(session, request, {
    entries: 'repositories',
    taken: () => names.size,
  })) {
    if (page.kind === 'missing') throw notOffered(request);
    const added = fitTexts(listOf(page, 'repositories'), { parse: parseImageName, leaveOut })
      .map((name) => repositoryOf(host, name))
      .filter((repository) => !names.has(repository));
    for (const repository of added) names.add(repository);
    yield added.filter((repository) => isWithin(repository, registry));
  }
}

function notOffered(request: HttpRequest): RegistryError {
  const message = `${describeRequest(request)}: 404: the registry has no list of its repositories`;
  return new RegistryError('refused', message, { status: 404 });
}
