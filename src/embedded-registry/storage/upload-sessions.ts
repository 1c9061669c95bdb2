import { Refusal } from '../errors.ts';

/** Open uploads, neither finished nor cancelled. */
export class UploadSessions {
  readonly #sessions = new Map<string, UploadSession>();

  open(repository: string): UploadSession {
    const session = {
      id: crypto.randomUUID(),
      state: crypto.randomUUID(),
      repository,
      chunks: [],
      size: 0,
      lastChunk: undefined,
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** Throws `BLOB_UPLOAD_UNKNOWN` for an id that is not open in this repository. */
  find(repository: string, id: string): UploadSession {
    const session = this.#sessions.get(id);
    if (session?.repository === repository) return session;
    throw new Refusal('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
  }

  forget(session: UploadSession): void {
    this.#sessions.delete(session.id);
  }

  /** How many are open. */
  get count(): number {
    return this.#sessions.size;
  }
}

export interface UploadSession {
  readonly id: string;
  /** Must come back in the query: clients must use the Location unchanged, not build their own. */
  readonly state: string;
  readonly repository: string;
  readonly chunks: Uint8Array[];
  /** Bytes so far. */
  size: number;
  /** Bytes of the last chunk. */
  lastChunk: number | undefined;
}
