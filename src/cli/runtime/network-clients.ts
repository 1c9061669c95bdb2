import { checkConfigFiles } from '../../adapters/docker-config/config-files.ts';
import { createDockerConfigKeychain } from '../../adapters/docker-config/docker-config-keychain.ts';
import { createArtifactRegistryReader } from '../../adapters/google/artifact-registry.ts';
import type { ContainerAnalysisOptions } from '../../adapters/google/container-analysis.ts';
import { createDefaultKeychain } from '../../adapters/google/default-keychain.ts';
import { createGoogleKeychain } from '../../adapters/google/google-keychain.ts';
import { readKeyFiles } from '../../adapters/google/key-files.ts';
import { orAnonymous } from '../../adapters/google/or-anonymous.ts';
import { createRepositoryFactsReader } from '../../adapters/google/repository-facts.ts';
import { createOciRegistry, type OciRegistry } from '../../adapters/oci/oci-registry.ts';
import { messageOf } from '../../base/errors.ts';
import type { Secrets } from '../../base/secrets.ts';
import { quote } from '../../base/text.ts';
import { completeNetworkOptions, type NetworkOptions } from '../../http/connect/network-options.ts';
import { readProxies } from '../../http/connect/proxies.ts';
import { checkCaFiles } from '../../http/connect/tls-files.ts';
import { createFetch } from '../../http/fetch.ts';
import { secretsIn } from '../../http/request-secrets.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { ANONYMOUS, chainKeychains, type Keychain } from '../../ports/keychain.ts';
import type { RepositoryFactsReader } from '../../ports/repository-facts.ts';
import type { WholeRegistryReader } from '../../ports/whole-registry.ts';
import type { RunOptions } from '../flags/options/run-options.ts';
import { InputError } from '../flags/usage-error.ts';
import { VERSION } from '../output/version.ts';
import { type BoundRegistry, bindRegistries, warnUnusedRateLimits } from './bound-registries.ts';
import { invalidNamesSince, trafficSince } from './run-counts.ts';

/** Options, environment, log and clock of a process. */
export interface RuntimeParts {
  readonly options: RunOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Receives every secret that is sent. */
  readonly secrets: Secrets;
  /** Time and randomness. Default: those of the system. */
  readonly clock?: Clock;
}

/** The clients of one run. They are closed with the runtime. */
export interface RunRegistries extends Omit<OciRegistry, 'close'> {
  readonly containerAnalysis: ContainerAnalysisOptions;
  readonly whole: WholeRegistryReader;
  readonly facts: RepositoryFactsReader;
}

/** The network clients of a process. */
export interface NetworkClients {
  /**
   * The clients of one run, with its own identities and counts. One run at a time. With `readOnly`, a run without any
   * Google credentials reads anonymously. Throws a `UsageError` for invalid options and an unusable environment.
   */
  forRun(
    registries: readonly BoundRegistry[],
    access: { readonly readOnly: boolean },
  ): Promise<RunRegistries>;
  /** For services other than registries. */
  readonly fetch: typeof fetch;
  close(): Promise<void>;
}

/** The clients of a process, from its flags and environment. Throws a `UsageError`. */
export async function createNetworkClients(parts: Required<RuntimeParts>): Promise<NetworkClients> {
  const { options, env, clock, log, secrets } = parts;
  const { plainHttp, threads, caFiles, trustedRealms, rateLimits } = options;
  const network = completeNetworkOptions({ env, caFiles });
  await checkSurroundings(network, parts).catch((error: unknown) => {
    throw new InputError(messageOf(error));
  });
  const userAgent = `cip/${VERSION}`;
  const services = createFetch({ network, clock, log, userAgent });
  let identities: Keychain | undefined;
  const keychain: Keychain = {
    identityFor: async (repository, signal) =>
      (await identities?.identityFor(repository, signal)) ?? ANONYMOUS,
  };
  const client = createOciRegistry({
    keychain,
    clock,
    plainHttp,
    threads,
    rateLimits,
    userAgent,
    trustedRealms: new Set(trustedRealms),
    network,
    log,
    secrets,
  });
  const api = { keychain, fetch: services.fetch, ...apiEndpointOf(env, 'ARTIFACTREGISTRY') };
  return {
    forRun: async (registries, { readOnly }) => {
      warnUnusedRateLimits(rateLimits, registries, log);
      identities = await makeKeychain(registries, { ...parts, readOnly, fetch: services.fetch });
      return {
        ...client,
        containerAnalysis: {
          keychain,
          fetch: services.fetch,
          ...apiEndpointOf(env, 'CONTAINERANALYSIS'),
        },
        traffic: trafficSince(client.traffic),
        invalidNames: invalidNamesSince(client.invalidNames),
        whole: createArtifactRegistryReader(api),
        facts: createRepositoryFactsReader({ ...api, log }),
      };
    },
    fetch: services.fetch,
    close: async () => {
      await Promise.all([client.close(), services.close()]);
    },
  };
}

interface KeychainParts extends Required<RuntimeParts> {
  readonly readOnly: boolean;
  /** For the requests to Google. */
  readonly fetch: typeof fetch;
}

/** The accounts of registries first, then the credential files of docker and podman, then Google's default credentials. */
async function makeKeychain(
  registries: readonly BoundRegistry[],
  { options, readOnly, env, clock, log, fetch }: KeychainParts,
): Promise<Keychain> {
  const files = createDockerConfigKeychain(env, clock, process.getuid?.());
  const keyFiles = await readKeyFiles(options.keyFiles).catch((error: unknown) => {
    throw new InputError(messageOf(error));
  });
  // with this variable, Google's libraries log their tokens
  delete env['GOOGLE_SDK_NODE_LOGGING'];
  const context = { env, clock, log, fetch };
  const defaults = createDefaultKeychain(context);
  if (!options.serviceAccounts) return chainKeychains(files, defaults);
  const accounts = bindRegistries(registries, log);
  const google = createGoogleKeychain({ ...context, accounts, keyFiles });
  return chainKeychains(readOnly ? orAnonymous(google, log) : google, files, defaults);
}

/** The endpoint of an API that gcloud is configured with. */
function apiEndpointOf(env: NodeJS.ProcessEnv, api: string): { readonly endpoint?: string } {
  const variable = `CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`;
  const endpoint = env[variable];
  if (!endpoint) return {};
  if (URL.canParse(endpoint)) return { endpoint };
  throw new InputError(`${variable} is the URL of an API, not ${quote(endpoint)}`);
}

/** Reports faults that would fail every request once, before any request. */
async function checkSurroundings(
  network: NetworkOptions,
  { options: { plainHttp }, secrets }: Pick<RuntimeParts, 'options' | 'secrets'>,
): Promise<void> {
  const proxies = readProxies(network.env, plainHttp.length > 0 ? ['https:', 'http:'] : ['https:']);
  for (const { authorization = '' } of proxies) {
    for (const secret of secretsIn(authorization)) secrets.add(secret);
  }
  await checkCaFiles(network);
  await checkConfigFiles(network.env);
}
