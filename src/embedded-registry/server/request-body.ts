import type { IncomingMessage } from 'node:http';
import { Refusal } from '../errors.ts';
import type { LogEntry } from './request-log.ts';

/** A body that ended early: the client went away, or a fault ends it here. */
export class Interruption extends Error {
  /** The bytes that arrived. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    super('client went away');
    this.bytes = bytes;
  }
}

/**
 * Reads the whole body of a request. Throws `SIZE_INVALID` if it is longer than `maxBytes`; the rest is still read and
 * dropped, so that the client can read the response. Throws an `Interruption` if the client goes away, or after `cutAt`
 * bytes.
 */
export function readRequestBody(
  request: IncomingMessage,
  { maxBytes, cutAt = Number.POSITIVE_INFINITY }: { maxBytes: number; cutAt?: number | undefined },
  entry: LogEntry,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const interrupt = () => reject(new Interruption(Buffer.concat(chunks)));
    request.on('data', (received: Buffer) => {
      const chunk = received.subarray(0, cutAt - size);
      entry.bytesIn += chunk.length;
      size += chunk.length;
      if (size === cutAt) {
        chunks.push(chunk);
        request.pause();
        interrupt();
      } else if (size <= maxBytes) chunks.push(chunk);
      else reject(new Refusal('SIZE_INVALID', `body is larger than ${maxBytes} bytes`));
    });
    request.once('end', () => {
      const [first] = chunks;
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks));
    });
    request.once('error', interrupt);
    request.once('close', interrupt);
  });
}
