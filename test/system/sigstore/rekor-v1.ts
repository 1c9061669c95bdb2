import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { initializeTLog } from '@sigstore/mock';
import { z } from 'zod';
import { deliver } from '../../doubles/scripted-server.ts';

/** A transparency log that answers like Rekor v1, which needs databases: signed promises, no inclusion proofs. */
export interface RekorV1 {
  readonly url: string;
  readonly publicKey: KeyObject;
  /** Number of entries that it has made. */
  readonly entries: number;
  stop(): Promise<void>;
}

/** Starts one on a free port of the loopback device. */
export async function startRekorV1(): Promise<RekorV1> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let entries = 0;
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const pieces: Buffer[] = [];
      for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
      const entry = await log.log(recordOf(Proposal.parse(JSON.parse(Buffer.concat(pieces).toString()))));
      entries += 1;
      const body = JSON.stringify(entry);
      deliver(outgoing, { status: 201, headers: { 'content-type': 'application/json' }, body });
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the log has no port');
  const url = `http://127.0.0.1:${address.port}`;
  const log = await initializeTLog(url, keys);
  const stop = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return {
    url,
    publicKey: keys.publicKey,
    get entries() {
      return entries;
    },
    stop,
  };
}

const Proposal = z.looseObject({
  kind: z.string(),
  spec: z.looseObject({
    proposedContent: z.optional(z.object({ envelope: z.string(), verifiers: z.tuple([z.string()]) })),
  }),
});

const Envelope = z.object({ payload: z.base64(), signatures: z.tuple([z.object({ sig: z.string() })]) });

/** The record of a proposed entry: of a DSSE envelope it has hashes. */
function recordOf(proposal: z.infer<typeof Proposal>): object {
  const { proposedContent } = proposal.spec;
  if (proposedContent === undefined) return proposal;
  const { envelope, verifiers } = proposedContent;
  const { payload, signatures } = Envelope.parse(JSON.parse(envelope));
  const spec = {
    envelopeHash: hashOf(Buffer.from(envelope)),
    payloadHash: hashOf(Buffer.from(payload, 'base64')),
    signatures: [{ signature: signatures[0].sig, verifier: verifiers[0] }],
  };
  return { ...proposal, spec };
}

function hashOf(bytes: Buffer): object {
  return { algorithm: 'sha256', value: createHash('sha256').update(bytes).digest('hex') };
}
