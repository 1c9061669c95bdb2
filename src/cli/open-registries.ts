import { checkConfigFiles } from '../adapters/docker-config/config-files.ts';
import { completeNetworkOptions, type NetworkOptions } from '../adapters/oci/network-options.ts';
import { createOciRegistry, type OciRegistry } from '../adapters/oci/oci-registry.ts';
import { checkProxies } from '../adapters/oci/proxies.ts';
import { checkCaFiles, readCommonCas } from '../adapters/oci/tls-files.ts';
import { messageOf } from '../base/errors.ts';
import { type BoundRegistry, type KeychainParts, makeKeychain } from './make-keychain.ts';
import type { RunOptions } from './options.ts';
import { InputError } from './usage-error.ts';
import { VERSION } from './version.ts';

export interface ClientParts extends Omit<KeychainParts, 'options' | 'readCas'> {
  readonly options: RunOptions;
}

/**
 * A client for the registries of a run, as its flags and its environment have it: the adapters are made here and
 * nowhere else. Throws a `UsageError`.
 */
export async function openRegistries(
  registries: readonly BoundRegistry[],
  parts: ClientParts,
): Promise<OciRegistry> {
  const { options, env, clock, log } = parts;
  const { plainHttp, threads, caFiles, trustedRealms, budgets } = options;
  const network = completeNetworkOptions({ env, caFiles });
  await checkSurroundings(network, plainHttp).catch((error: unknown) => {
    throw new InputError(messageOf(error));
  });
  const keychain = await makeKeychain(registries, { ...parts, readCas: () => readCommonCas(network) });
  return createOciRegistry({
    keychain,
    clock,
    plainHttp,
    threads,
    budgets,
    userAgent: `cip/${VERSION}`,
    trustedRealms: new Set(trustedRealms),
    network,
    log,
  });
}

/** What every request would fail for, told once and before any. */
async function checkSurroundings(network: NetworkOptions, plainHttp: readonly string[]): Promise<void> {
  checkProxies(network.env, plainHttp.length > 0 ? ['https:', 'http:'] : ['https:']);
  await checkCaFiles(network);
  await checkConfigFiles(network.env);
}
