import type { IncomingHttpHeaders } from 'node:http';
import type { Settings } from './options.ts';
import type { Reply } from './reply.ts';
import type { RegistryStore } from './storage/store.ts';
import type { UploadSessions } from './storage/upload-sessions.ts';

/** Answers the requests of one route. */
export type Handler = (call: Call, backend: Backend) => Reply | Promise<Reply>;

/** One request. */
export interface Call {
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The repository, its grammar checked; empty if the route has none. */
  readonly name: string;
  /** The tag, digest or upload at the end of the path, unchecked; empty if the route has none. */
  readonly reference: string;
  /** Reads the whole body. Throws `SIZE_INVALID` if it is longer. */
  readBody(maxBytes: number): Promise<Buffer>;
}

/** The state of the registry. */
export interface Backend {
  readonly store: RegistryStore;
  readonly uploads: UploadSessions;
  readonly authorizer: Authorizer;
  readonly settings: Settings;
}

export interface Authorizer {
  /** Throws `UNAUTHORIZED` with a challenge. */
  admit(call: Call): void;
  /** Answers `/token`, with 404 if there are no tokens. */
  issue(call: Call): Promise<Reply>;
}
