import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createAuthorizer } from './auth/auth.ts';
import type { Backend } from './handler.ts';
import { type EmbeddedRegistryOptions, withDefaults } from './options.ts';
import type { Stalled } from './server/deliver.ts';
import { type Fault, FaultPlan } from './server/faults.ts';
import type { LogEntry, LoggedRequest } from './server/request-log.ts';
import { serveRequest } from './server/serve.ts';
import { RegistryStore } from './storage/store.ts';
import { UploadSessions } from './storage/upload-sessions.ts';

export type { EmbeddedRegistryOptions } from './options.ts';
export type { Fault, FaultAct } from './server/faults.ts';
export type { LoggedRequest, RequestKind } from './server/request-log.ts';

/** An OCI registry in this process, on loopback, in memory. */
export interface EmbeddedRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Received requests, in order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** Requests that a fault currently leaves without a response. */
  readonly stalled: number;
  /** Uploads that are neither finished nor cancelled. */
  readonly openUploads: number;
  /** The content, for direct access. */
  readonly store: RegistryStore;
  clearRequests(): void;
  addFault(fault: Fault): void;
  clearFaults(): void;
  /** Stops listening and closes every connection. Further calls do nothing. */
  close(): Promise<void>;
}

/** Starts a registry. Rejects if the port is in use. */
export async function startEmbeddedRegistry(
  options: EmbeddedRegistryOptions = {},
): Promise<EmbeddedRegistry> {
  const settings = withDefaults(options);
  const store = new RegistryStore(settings);
  const backend: Backend = {
    store,
    uploads: new UploadSessions(),
    authorizer: createAuthorizer(settings, store),
    settings,
  };
  const faults = new FaultPlan();
  for (const fault of settings.faults) faults.add(fault);
  const log: LogEntry[] = [];
  const stalled: Stalled = new Set();

  const server = createQuietServer((request, response) => {
    void serveRequest({ request, response }, { backend, faults, log, stalled });
  });
  let connections = 0;
  server.on('connection', () => connections++);
  const host = await listen(server, settings.port);
  let closed: Promise<void> | undefined;

  return {
    host,
    url: `http://${host}`,
    requests: log,
    store,
    get connections() {
      return connections;
    },
    get stalled() {
      return stalled.size;
    },
    get openUploads() {
      return backend.uploads.count;
    },
    clearRequests: () => void log.splice(0),
    addFault: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    close: () => (closed ??= close(server)),
  };
}

/** Without time limits: clients have their own, and closing an idle connection would be an unplanned fault. */
function createQuietServer(listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  return createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, listener);
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  // the address is a text only for a pipe, and null only for a server that does not listen
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `127.0.0.1:${address.port}`;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
