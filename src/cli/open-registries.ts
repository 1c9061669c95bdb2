import { completeNetworkOptions } from '../adapters/oci/network-options.ts';
import { createOciRegistry, type OciRegistry } from '../adapters/oci/oci-registry.ts';
import { checkCaFiles, readCommonCas } from '../adapters/oci/tls-files.ts';
import { messageOf } from '../base/errors.ts';
import { type BoundRegistry, type KeychainParts, makeKeychain } from './make-keychain.ts';
import type { RunOptions } from './options.ts';
import { UsageError } from './usage-error.ts';
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
  await checkCaFiles(caFiles).catch((error: unknown) => {
    throw new UsageError(messageOf(error));
  });
  const network = completeNetworkOptions({ env, caFiles });
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
