import type { Call } from './call.ts';
import type { Authorizer } from './auth/gate.ts';
import type { Settings } from './options.ts';
import type { Reply } from './reply.ts';
import type { RegistryStore } from './storage/store.ts';
import type { UploadSessions } from './storage/upload-sessions.ts';

/** What handlers work on. */
export interface Backend {
  readonly store: RegistryStore;
  readonly uploads: UploadSessions;
  readonly authorizer: Authorizer;
  readonly settings: Settings;
}

export type Handler = (call: Call, backend: Backend) => Reply | Promise<Reply>;
