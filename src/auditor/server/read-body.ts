import type { IncomingMessage } from 'node:http';

/** Bytes of the bodies in flight together: messages have a few hundred bytes. */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes bytes; false if there are not as many left. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#limit) return false;
    this.#used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#used -= bytes;
  }
}

export type ReadBody =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: 'too-large' }
  /** The bodies in flight use all of the budget. */
  | { readonly kind: 'busy' }
  /** The client went away. */
  | { readonly kind: 'gone' };

/** Reads a body of at most `limit` bytes. The caller releases its bytes to the budget. */
export async function readBody(
  request: IncomingMessage,
  { limit, budget }: { readonly limit: number; readonly budget: BodyBudget },
): Promise<ReadBody> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return { kind: 'too-large' };
  const chunks: Buffer[] = [];
  let size = 0;
  const giveBack = (kind: 'too-large' | 'busy' | 'gone'): ReadBody => {
    budget.release(size);
    return { kind };
  };
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (size + chunk.length > limit) return giveBack('too-large');
      if (!budget.take(chunk.length)) return giveBack('busy');
      size += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    return giveBack('gone');
  }
  if (!request.complete) return giveBack('gone');
  return { kind: 'body', body: Buffer.concat(chunks) };
}
