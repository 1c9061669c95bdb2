import { quote } from '../../base/text.ts';
import { parseDigest } from '../../image/digest.ts';
import { asRepository, parseRepository, type RegistryName } from '../../image/repository.ts';
import { parseTag } from '../../image/tag.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import type { RegistryEntry, WholeRegistryReader } from '../../ports/whole-registry.ts';
import {
  type ArtifactRegistryOptions,
  type DockerImage,
  type ImagePage,
  openArtifactRegistry,
  resourceOf,
} from './artifact-registry-client.ts';

/** The largest page of the API. */
const PAGE_SIZE = 1000;
/** Ten million manifests: pages that never end are an error. */
const MAX_PAGES = 10_000;
/** A field mask: less than half of the answer. */
const FIELDS = 'nextPageToken,dockerImages(uri,tags,mediaType,imageManifests(digest))';

/**
 * Whole repositories of Artifact Registry through its API, `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY`: a request for
 * a thousand manifests, one after the other, and the children of every index without reading it. `discover-repositories.ts` says
 * when that is worth it; for a plan listings are better, see `bench/planning/README.md`.
 *
 * @see https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages/list
 */
export function createArtifactRegistryReader(options: ArtifactRegistryOptions): WholeRegistryReader {
  return {
    canRead: (registry) => resourceOf(registry) !== undefined,
    read: (registry, signal) => readPages(registry, options, signal),
  };
}

async function* readPages(
  registry: RegistryName,
  options: ArtifactRegistryOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly RegistryEntry[], void, undefined> {
  const parent = resourceOf(registry) ?? '';
  const access = { repository: asRepository(registry), fields: FIELDS, signal };
  const call = await openArtifactRegistry(options, access);
  let token = '';
  for (let page = 1; page <= MAX_PAGES; page++) {
    const request = { parent, pageSize: PAGE_SIZE, ...(token !== '' && { pageToken: token }) };
    const body = await call(async (client): Promise<ImagePage> => {
      const [, , answer] = await client.listDockerImages(request, { autoPaginate: false });
      return answer ?? {};
    });
    yield (body.dockerImages ?? []).map((image) => parseDockerImage(registry, image));
    const next = body.nextPageToken ?? '';
    if (next === '') return;
    if (next === token) throw unexpected(registry, 'a page leads to itself');
    token = next;
  }
  throw unexpected(registry, `there are more than ${MAX_PAGES} pages`);
}

/**
 * Throws for an image without a manifest of this registry: a snapshot must not lose one silently. Invalid tags are left
 * out: no request can name them.
 */
function parseDockerImage(registry: RegistryName, image: DockerImage): RegistryEntry {
  const uri = image.uri ?? '';
  const at = uri.indexOf('@');
  const repository = parseRepository(uri.slice(0, at));
  const digest = parseDigest(uri.slice(at + 1));
  if (at === -1 || digest === undefined || repository?.startsWith(`${registry}/`) !== true) {
    throw unexpected(registry, `${quote(uri)}, expected ${registry}/NAME@DIGEST`);
  }
  const tags = (image.tags ?? []).map((tag) => parseTag(tag));
  const children = (image.imageManifests ?? []).map((child) => parseDigest(child.digest ?? ''));
  return {
    repository,
    digest,
    tags: tags.filter((tag) => tag !== undefined),
    mediaType: image.mediaType ?? '',
    children: children.filter((child) => child !== undefined),
  };
}

function unexpected(registry: RegistryName, fault: string): RegistryError {
  return new RegistryError('unexpected', `Artifact Registry's list of images in ${registry}: ${fault}`);
}
