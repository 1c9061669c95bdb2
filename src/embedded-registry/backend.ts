import type { Call } from './call.ts';
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

/** Lets requests pass or not. */
export interface Authorizer {
  /** Throws `UNAUTHORIZED` with a challenge. */
  admit(call: Call): void;
  /** Answers `/token`: where there are no tokens, 404. */
  issue(call: Call): Promise<Reply>;
}
