import {
  hostRegistryOf,
  isWithin,
  parseImageName,
  type RegistryName,
  type Repository,
  repositoryOf,
} from '../../../image/repository.ts';
import { fitTexts } from './invalid-names.ts';
import { listOf, MAX_PAGE_BYTES, readPages } from './pages.ts';
import { requestError } from './response-error.ts';
import { hostRequest, type Session } from './session.ts';

/**
 * GET `/v2/_catalog`, page by page, each name once. It is not in the specification any more, but most self-hosted
 * registries have it. Without `n`: registries refuse a number above their own limit.
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
    if (page.kind === 'missing') {
      const message = '404: the registry has no list of its repositories';
      throw requestError(request, 'refused', message, { status: 404 });
    }
    const added = fitTexts(listOf(page, 'repositories'), { parse: parseImageName, leaveOut })
      .map((name) => repositoryOf(host, name))
      .filter((repository) => !names.has(repository));
    for (const repository of added) names.add(repository);
    yield added.filter((repository) => isWithin(repository, registry));
  }
}
