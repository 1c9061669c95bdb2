import { createHash } from 'node:crypto';
import { isObject, parseJsonObject } from '../../../../base/json.ts';
import { type LogEntry, readLogEntry } from '../../../../signature/log-entry.ts';
import { callService, malformed, type Service } from './call-service.ts';
import type { LoggedSignature, TransparencyLog } from './transparency-log.ts';

const ENTRIES = '/api/v1/log/entries';
const JSON_TYPE = 'application/json';
/** An entry that was there before: after a retry, the one of the first attempt. */
const CONFLICT = 409;
const LOCATION = /\/api\/v1\/log\/entries\/[0-9a-f]{64,80}$/;

/** Rekor v1. @see https://github.com/sigstore/rekor/blob/main/openapi.yaml */
export function createRekorV1(rekor: Service): TransparencyLog {
  return {
    promises: true,
    add: async (signature, signal) => {
      const body = JSON.stringify(proposalOf(signature));
      const call = {
        method: 'POST',
        path: ENTRIES,
        type: JSON_TYPE,
        body,
        signal,
        accept: [CONFLICT],
      } as const;
      const answer = await callService(rekor, call);
      if (answer.status !== CONFLICT) return parseEntry(rekor, answer.body);
      const path = LOCATION.exec(answer.headers.get('location') ?? '')?.[0];
      if (path === undefined) throw malformed(rekor, 'the answer names no existing entry');
      const existing = await callService(rekor, { method: 'GET', path, signal });
      return parseEntry(rekor, existing.body);
    },
  };
}

function proposalOf({ content, signature, verifier, envelope }: LoggedSignature): object {
  const pem = base64(verifier.certificate?.pem ?? verifier.publicKey.pem);
  if (envelope !== undefined) {
    const proposedContent = { envelope, verifiers: [pem] };
    return { kind: 'dsse', apiVersion: '0.0.1', spec: { proposedContent } };
  }
  const value = createHash('sha256').update(content).digest('hex');
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    spec: {
      data: { hash: { algorithm: 'sha256', value } },
      signature: { content: base64(signature), publicKey: { content: pem } },
    },
  };
}

/** The answer is an object with the entry under its id. */
function parseEntry(rekor: Service, body: Buffer): LogEntry {
  const [entry] = Object.values(parseJsonObject(body) ?? {});
  try {
    if (!isObject(entry)) throw new Error('it has no entry');
    const { verification } = entry;
    const { signedEntryTimestamp, inclusionProof } = isObject(verification) ? verification : {};
    return readLogEntry({
      logIndex: entry['logIndex'],
      logId: { keyId: fromHex(entry['logID']) },
      kindVersion: kindOf(entry['body']),
      integratedTime: entry['integratedTime'],
      inclusionPromise: { signedEntryTimestamp },
      ...(isObject(inclusionProof) && { inclusionProof: proofOf(inclusionProof) }),
      canonicalizedBody: entry['body'],
    });
  } catch (cause) {
    throw malformed(rekor, 'the answer is no log entry', cause);
  }
}

function kindOf(body: unknown): object {
  const { kind, apiVersion } = parseJsonObject(Buffer.from(String(body), 'base64')) ?? {};
  return { kind, version: apiVersion };
}

function proofOf(proof: Readonly<Record<string, unknown>>): object {
  const { hashes, rootHash, checkpoint, logIndex, treeSize } = proof;
  return {
    logIndex,
    treeSize,
    rootHash: fromHex(rootHash),
    hashes: Array.isArray(hashes) ? hashes.map(fromHex) : hashes,
    checkpoint: { envelope: checkpoint },
  };
}

function fromHex(value: unknown): string {
  return Buffer.from(String(value), 'hex').toString('base64');
}

function base64(content: string | Uint8Array): string {
  return Buffer.from(content).toString('base64');
}
