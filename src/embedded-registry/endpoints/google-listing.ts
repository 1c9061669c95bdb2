import { compareText } from '../../base/sorted.ts';
import type { RegistryStore, StoredManifest } from '../storage/store.ts';

/**
 * Google's body of tags/list: every digest with its tags, in one page. The maps of a repository that does not exist are
 * empty. Numbers are decimal strings.
 */
export function googleListing(store: RegistryStore, name: string): unknown {
  const tags = store.tagsByDigest(name);
  const entries = store
    .manifests(name)
    .map((manifest) => [manifest.digest, googleEntry(manifest, tags.get(manifest.digest) ?? [])]);
  return {
    child: childRepositories(store.repositories(), name),
    manifest: Object.fromEntries(entries),
    name,
    tags: store.tags(name),
  };
}

function googleEntry(
  { mediaType, bytes, facts, uploadedAt }: StoredManifest,
  tag: readonly string[],
): unknown {
  return {
    imageSizeBytes: String(bytes.length + facts.contentBytes),
    layerId: '',
    mediaType,
    tag,
    timeCreatedMs: String(uploadedAt),
    timeUploadedMs: String(uploadedAt),
  };
}

/** Names directly below a repository, of repositories and of path components above one. */
function childRepositories(repositories: readonly string[], name: string): string[] {
  const below = repositories.filter((repository) => repository.startsWith(`${name}/`));
  const children = below.map((repository) => repository.slice(name.length + 1).split('/', 1)[0] ?? '');
  return Array.from(new Set(children)).toSorted(compareText);
}
