import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { initializeTLog, rekorHandler } from '@sigstore/mock';

/** A transparency log that answers like Rekor v1, which needs databases: signed promises, no inclusion proofs. */
export interface RekorV1 {
  readonly url: string;
  readonly publicKey: KeyObject;
  stop(): Promise<void>;
}

/** Starts one on a free port of the loopback device. */
export async function startRekorV1(): Promise<RekorV1> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
      const answer = await handler.fn(Buffer.concat(pieces).toString());
      const { statusCode, contentType = 'text/plain', response } = answer;
      outgoing.writeHead(statusCode, { 'content-type': contentType }).end(response);
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the log has no port');
  const url = `http://127.0.0.1:${address.port}`;
  const handler = rekorHandler(await initializeTLog(url, keys));
  const stop = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { url, publicKey: keys.publicKey, stop };
}
