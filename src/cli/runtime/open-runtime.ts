import { tmpdir } from 'node:os';
import { createGitHistory } from '../../adapters/git/history.ts';
import { createGitTree } from '../../adapters/git/source-tree.ts';
import { systemClock } from '../../adapters/system/clock.ts';
import { createDiskSpool } from '../../adapters/system/disk-spool.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import type { Clock } from '../../ports/clock.ts';
import type { History } from '../../ports/history.ts';
import type { SourceTree } from '../../ports/source-tree.ts';
import type { Spool } from '../../ports/spool.ts';
import type { NetworkClients, RuntimeParts } from './network-clients.ts';

/** The adapters of a process. Consecutive runs share connections, learned limits and tokens of hosts. */
export interface Runtime {
  readonly clock: Clock;
  readonly openRegistries: NetworkClients['forRun'];
  /** Temporary files for blobs; `limit` is in bytes. */
  openSpool(limit: number): Spool;
  /** The version control of the manifests. */
  openTree(where: ManifestLocation): SourceTree;
  /** The earlier versions of the manifests. */
  openHistory(where: ManifestLocation): History;
  /** Sends requests to services other than registries. */
  openFetch(): Promise<typeof fetch>;
  /** Closes every connection. Nothing can be opened afterwards. */
  close(): Promise<void>;
}

/** Wires the adapters; nothing else does. Code for the network is loaded when a run needs it. */
export function openRuntime(parts: RuntimeParts): Runtime {
  const { env, log, clock = systemClock } = parts;
  let clients: Promise<NetworkClients> | undefined;
  let isClosed = false;
  const connect = async () => {
    const { createNetworkClients } = await import('./network-clients.ts');
    return createNetworkClients({ ...parts, clock });
  };
  const connected = async () => {
    if (isClosed) throw new Error('the runtime is closed');
    clients ??= connect();
    return await clients.catch((error: unknown) => {
      clients = undefined; // a corrected file serves the next run
      throw error;
    });
  };
  return {
    clock,
    openRegistries: async (registries, access) => (await connected()).forRun(registries, access),
    openSpool: (limit) => createDiskSpool({ directory: spoolDirectory(env), limit, log }),
    openTree: (where) => createGitTree(where, env),
    openHistory: (where) => createGitHistory(where, env),
    openFetch: async () => (await connected()).fetch,
    close: async () => {
      isClosed = true;
      const opened = await clients?.catch(() => undefined);
      await opened?.close();
    },
  };
}

/** The usual directory for large temporary files, because /tmp is often in memory. An empty `TMPDIR` is ignored. */
export function spoolDirectory(env: NodeJS.ProcessEnv): string {
  return env['TMPDIR'] || (process.platform === 'win32' ? tmpdir() : '/var/tmp');
}
