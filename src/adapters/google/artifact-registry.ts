import { isObject, type JsonObject, parseJsonObject } from '../../base/json.ts';
import type { RegistryName } from '../../image/repository.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import type { RegistryEntry, WholeRegistryReader } from '../../ports/whole-registry.ts';
import { parseDockerImage } from './docker-image.ts';
import { type ApiPorts, createApiFetch } from './api-fetch.ts';
import { textOf } from './shape.ts';

export interface ArtifactRegistryOptions extends ApiPorts {
  /** The origin of the API. Default: Google's. */
  readonly endpoint?: string;
}

const ENDPOINT = 'https://artifactregistry.googleapis.com';
/** The most that the API gives. */
const PAGE_SIZE = 1000;
/** Ten million manifests: pages that never end are an error. */
const MAX_PAGES = 10_000;
/** What is asked of each image: less than half of what there is. */
const FIELDS = 'nextPageToken,dockerImages(uri,tags,mediaType,imageManifests(digest))';

/**
 * Whole repositories of Artifact Registry through its API, `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY`: a request for
 * a thousand manifests, one after the other, and the children of every index without reading it. `discover-repositories.ts` says
 * when that is worth it; for a plan listings are better, see `bench/planning/README.md`.
 *
 * @see https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages/list
 */
export function createArtifactRegistryReader(options: ArtifactRegistryOptions): WholeRegistryReader {
  const endpoint = options.endpoint ?? ENDPOINT;
  return {
    canRead: (registry) => resourceOf(registry) !== undefined,
    read: (registry, signal) => readPages(registry, { ...options, endpoint, signal }),
  };
}

/** `projects/P/locations/L/repositories/R`, or undefined of what is not a whole repository of Artifact Registry. */
function resourceOf(registry: RegistryName): string | undefined {
  const [, location, path] = /^([a-z0-9-]+)-docker\.pkg\.dev\/(.+)$/.exec(registry) ?? [];
  // the project of a domain, `example.com:p`, is `example.com/p` in a path
  const [, project, repository] = /^((?:[^/.]+(?:\.[^/.]+)+\/)?[^/.]+)\/([^/]+)$/.exec(path ?? '') ?? [];
  if (location === undefined || project === undefined || repository === undefined) return undefined;
  return `projects/${project.replace('/', ':')}/locations/${location}/repositories/${repository}`;
}

async function* readPages(
  registry: RegistryName,
  { endpoint, ...ports }: ApiPorts & { endpoint: string; signal: AbortSignal },
): AsyncGenerator<readonly RegistryEntry[], void, undefined> {
  const get = createApiFetch(registry, ports);
  const url = new URL(`/v1/${resourceOf(registry)}/dockerImages`, endpoint);
  url.search = new URLSearchParams({
    pageSize: String(PAGE_SIZE),
    prettyPrint: 'false',
    fields: FIELDS,
  }).toString();
  let token: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page++) {
    if (token !== undefined) url.searchParams.set('pageToken', token);
    const body = parsePage(registry, new Uint8Array(await (await get(url)).arrayBuffer()));
    yield imagesOf(body).map((image) => parseDockerImage(registry, image));
    const next = textOf(body, 'nextPageToken');
    if (next === undefined) return;
    if (next === token) throw unexpected(registry, 'a page leads to itself');
    token = next;
  }
  throw unexpected(registry, `there are more than ${MAX_PAGES} pages`);
}

function parsePage(registry: RegistryName, bytes: Uint8Array): JsonObject {
  const body = parseJsonObject(bytes);
  if (body === undefined) throw unexpected(registry, 'a page is not a JSON object');
  return body;
}

function imagesOf(body: JsonObject): readonly JsonObject[] {
  const images: readonly unknown[] = Array.isArray(body['dockerImages']) ? body['dockerImages'] : [];
  return images.filter(isObject);
}

function unexpected(registry: RegistryName, what: string): RegistryError {
  return new RegistryError('unexpected', `Artifact Registry's list of images in ${registry}: ${what}`);
}
