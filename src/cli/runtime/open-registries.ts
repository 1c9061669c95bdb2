import { checkConfigFiles } from '../../adapters/docker-config/config-files.ts';
import { createArtifactRegistryReader } from '../../adapters/google/artifact-registry.ts';
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
import type { RepositoryFactsReader } from '../../ports/repository-facts.ts';
import type { WholeRegistryReader } from '../../ports/whole-registry.ts';
import type { RunOptions } from '../flags/options/run-options.ts';
import { InputError } from '../flags/usage-error.ts';
import { VERSION } from '../output/version.ts';
import type { BoundRegistry } from './bound-registries.ts';
import { type KeychainParts, makeKeychain } from './make-keychain.ts';
import { warnUnusedBudgets } from './warn-unused-budgets.ts';

export interface ClientParts extends Omit<KeychainParts, 'options' | 'fetch'> {
  readonly options: RunOptions;
  /** Told of every secret that is sent. */
  readonly secrets: Secrets;
}

export interface OpenRegistries extends OciRegistry {
  readonly whole: WholeRegistryReader;
  readonly facts: RepositoryFactsReader;
}

/**
 * A client for the registries of a run, as its flags and its environment have it: the adapters are made here and
 * nowhere else. Throws a `UsageError`.
 */
export async function openRegistries(
  registries: readonly BoundRegistry[],
  parts: ClientParts,
): Promise<OpenRegistries> {
  const { options, env, clock, log, secrets } = parts;
  const { plainHttp, threads, caFiles, trustedRealms, budgets } = options;
  warnUnusedBudgets(budgets, registries, log);
  const network = completeNetworkOptions({ env, caFiles });
  await checkSurroundings(network, { plainHttp, secrets }).catch((error: unknown) => {
    throw new InputError(messageOf(error));
  });
  const userAgent = `cip/${VERSION}`;
  const google = createFetch({ network, clock, log, userAgent });
  const keychain = await makeKeychain(registries, { ...parts, fetch: google.fetch });
  const client = createOciRegistry({
    keychain,
    clock,
    plainHttp,
    threads,
    budgets,
    userAgent,
    trustedRealms: new Set(trustedRealms),
    network,
    log,
    secrets,
  });
  const api = { keychain, fetch: google.fetch, ...apiEndpointOf(env) };
  const whole = createArtifactRegistryReader(api);
  const facts = createRepositoryFactsReader({ ...api, log });
  const close = async () => {
    await Promise.all([client.close(), google.close()]);
  };
  return { ...client, whole, facts, close };
}

/** Where gcloud is told another endpoint, that one is used here too. */
function apiEndpointOf(env: NodeJS.ProcessEnv): { readonly endpoint?: string } {
  const endpoint = env[ENDPOINT_VARIABLE];
  if (!endpoint) return {};
  if (URL.canParse(endpoint)) return { endpoint };
  throw new InputError(`${ENDPOINT_VARIABLE} is the URL of an API, not ${quote(endpoint)}`);
}

const ENDPOINT_VARIABLE = 'CLOUDSDK_API_ENDPOINT_OVERRIDES_ARTIFACTREGISTRY';

/** What every request would fail for, told once and before any. */
async function checkSurroundings(
  network: NetworkOptions,
  { plainHttp, secrets }: { readonly plainHttp: readonly string[]; readonly secrets: Secrets },
): Promise<void> {
  const proxies = readProxies(network.env, plainHttp.length > 0 ? ['https:', 'http:'] : ['https:']);
  for (const { authorization = '' } of proxies) {
    for (const secret of secretsIn(authorization)) secrets.add(secret);
  }
  await checkCaFiles(network);
  await checkConfigFiles(network.env);
}
