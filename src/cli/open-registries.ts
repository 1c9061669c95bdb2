import { completeNetworkOptions } from '../adapters/oci/network-options.ts';
import { createOciRegistry, type OciRegistry } from '../adapters/oci/oci-registry.ts';
import { checkCaFiles, readCommonCas } from '../adapters/oci/tls-files.ts';
import { messageOf } from '../base/errors.ts';
import type { PromoterManifest } from '../manifest/model.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { makeKeychain } from './make-keychain.ts';
import type { Options } from './options.ts';
import { UsageError } from './usage-error.ts';
import { VERSION } from './version.ts';

/** A client for the registries of a run, as its flags and its environment have it. Throws a `UsageError`. */
export async function openRegistries(
  manifests: readonly PromoterManifest[],
  surroundings: { options: Options; env: NodeJS.ProcessEnv; clock: Clock; log: Log },
): Promise<OciRegistry> {
  const { options, env, clock, log } = surroundings;
  const { plainHttp, threads, caFiles, trustedRealms, budgets } = options;
  await checkCaFiles(caFiles).catch((error: unknown) => {
    throw new UsageError(messageOf(error));
  });
  const network = completeNetworkOptions({ env, caFiles });
  const keychain = await makeKeychain(manifests, { ...surroundings, readCas: () => readCommonCas(network) });
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
