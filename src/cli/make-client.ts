import { createOciRegistry, type OciRegistry } from '../adapters/oci/oci-registry.ts';
import { systemClock } from '../adapters/system/clock.ts';
import type { Log } from '../ports/log.ts';
import { type BoundRegistry, makeKeychain } from './make-keychain.ts';
import type { RunOptions } from './options.ts';
import { VERSION } from './version.ts';

export interface ClientParts {
  readonly options: RunOptions;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly readOnly: boolean;
}

/** The registry client of a run, its identities composed: the adapters are made here and nowhere else. */
export async function makeClient(
  registries: readonly BoundRegistry[],
  { options, env, log, readOnly }: ClientParts,
): Promise<OciRegistry> {
  const clock = systemClock;
  const { plainHttp, threads } = options;
  return createOciRegistry({
    keychain: await makeKeychain(registries, { options, readOnly, env, clock, log }),
    clock,
    plainHttp,
    threads,
    userAgent: `cip/${VERSION}`,
    trustedRealms: new Set(options.trustedRealms),
    network: { env, caFiles: options.caFiles },
    log,
  });
}
