import { compareText } from '../../base/sorted.ts';
import type { Backend } from '../backend.ts';
import type { Call } from '../call.ts';
import { Refusal } from '../errors.ts';
import { googleListing } from './google-listing.ts';
import { pageOf } from './pages.ts';
import { jsonReply, type Reply } from '../reply.ts';
import { compareTags } from '../storage/store.ts';

export function listTags(call: Call, { store, settings }: Backend): Reply {
  const { name } = call;
  if (settings.listing === 'google') return jsonReply(googleListing(store, name));
  if (!store.exists(name)) {
    throw new Refusal('NAME_UNKNOWN', 'repository name not known to registry', { details: [{ name }] });
  }
  const page = pageOf(store.tags(name), call, { limit: settings.pageSize, compare: compareTags });
  return jsonReply({ name, tags: page.entries }, { headers: page.headers });
}

/** All repositories: no part of the specification any more, but every registry has it. */
export function listRepositories(call: Call, { store, settings }: Backend): Reply {
  const page = pageOf(store.repositories(), call, { limit: settings.pageSize, compare: compareText });
  return jsonReply({ repositories: page.entries }, { headers: page.headers });
}
