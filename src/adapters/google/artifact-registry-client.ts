import type { protos, v1 } from '@google-cloud/artifact-registry';
import type { AuthClient } from 'google-auth-library';
import { messageOf } from '../../base/errors.ts';
import type { RegistryName, Repository } from '../../image/repository.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { type ApiFetch, type ApiPorts, createApiFetch } from './api-fetch.ts';

export interface ArtifactRegistryOptions extends ApiPorts {
  /** The origin of the API. Default: Google's. */
  readonly endpoint?: string;
}

export interface ApiAccess {
  /** The repository whose identity is used. */
  readonly repository: Repository;
  /** The part of each answer that is needed, as a field mask. */
  readonly fields: string;
  readonly signal: AbortSignal;
}

export type ImagePage = protos.google.devtools.artifactregistry.v1.IListDockerImagesResponse;
export type DockerImage = protos.google.devtools.artifactregistry.v1.IDockerImage;
export type Policy = protos.google.devtools.artifactregistry.v1.ICleanupPolicy;
export type Settings = protos.google.devtools.artifactregistry.v1.IRepository;

const ENDPOINT = 'https://artifactregistry.googleapis.com';

/** Calls the client. Throws `RegistryError`, or the reason of an aborted signal. */
export type CallApi = <T>(call: (client: v1.ArtifactRegistryClient) => Promise<T>) => Promise<T>;

/** Google's client of Artifact Registry. All of its requests go through `fetch`. */
export async function openArtifactRegistry(
  { endpoint = ENDPOINT, ...ports }: ArtifactRegistryOptions,
  { repository, fields, signal }: ApiAccess,
): Promise<CallApi> {
  const api = createApiFetch(repository, { ...ports, signal });
  const { protocol, hostname, port } = new URL(endpoint);
  const { ArtifactRegistryClient } = await loadClient();
  const client = new ArtifactRegistryClient({
    fallback: true, // HTTP, not gRPC
    protocol: protocol.slice(0, -1),
    apiEndpoint: hostname,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    minifyJson: true,
    authClient: authClientOf((target, init) => {
      const url = new URL(target);
      url.searchParams.set('fields', fields);
      return api(url, init);
    }),
  });
  return async (call) => {
    try {
      return await call(client);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof RegistryError) throw error;
      throw new RegistryError('unexpected', `Artifact Registry API: ${messageOf(error)}`, { cause: error });
    }
  };
}

/** The part of an `AuthClient` that the client uses; `fetch` adds the headers of the identity. */
function authClientOf(fetch: ApiFetch): AuthClient {
  const client = { fetch, getRequestHeaders: () => Promise.resolve(new Headers()) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- over HTTP the client calls nothing else
  return client as unknown as AuthClient;
}

/** `us-docker.pkg.dev/P/R` as the API names it: `projects/P/locations/us/repositories/R`; undefined for other hosts. */
export function resourceOf(registry: RegistryName): string | undefined {
  const { location, project, repository, below } = LOCATED.exec(registry)?.groups ?? {};
  if (location === undefined || project === undefined || below !== '') return undefined;
  return `projects/${project.replace('/', ':')}/locations/${location}/repositories/${repository}`;
}

/** The repository of Artifact Registry that an image is in, or undefined. */
export function enclosingRepository(repository: Repository): string | undefined {
  const { below = '' } = LOCATED.exec(repository)?.groups ?? {};
  return below === '' ? undefined : repository.slice(0, -below.length);
}

/** The project of a domain, `example.com:p`, is `example.com/p` in a path. */
const LOCATED =
  /^(?<location>[a-z0-9-]+)-docker\.pkg\.dev\/(?<project>(?:[^/.]+(?:\.[^/.]+)+\/)?[^/.]+)\/(?<repository>[^/]+)(?<below>(?:\/.*)?)$/;

/** The library takes 250 ms to load. Its index would load the types of every message as well. */
async function loadClient(): Promise<typeof v1> {
  const loaded = await import('@google-cloud/artifact-registry/build/src/v1/index.js');
  return loaded.default;
}
