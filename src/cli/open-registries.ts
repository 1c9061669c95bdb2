import { checkConfigFiles } from '../adapters/docker-config/config-files.ts';
import { completeNetworkOptions, type NetworkOptions } from '../adapters/oci/network-options.ts';
import { createOciRegistry, type OciRegistry } from '../adapters/oci/oci-registry.ts';
import { checkProxies } from '../adapters/oci/proxies.ts';
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
  const { plainHttp, threads, caFiles, trustedRealms } = options;
  const network = completeNetworkOptions({ env, caFiles });
  await checkSurroundings(network, plainHttp).catch((error: unknown) => {
    throw new UsageError(messageOf(error));
  });
  const keychain = await makeKeychain(manifests, { ...surroundings, readCas: () => readCommonCas(network) });
  return createOciRegistry({
    keychain,
    clock,
    plainHttp,
    threads,
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
