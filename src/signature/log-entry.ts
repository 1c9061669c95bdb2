import { isObject } from '../base/json.ts';
import { decodeBase64, FormatError } from './strict-json.ts';

/**
 * An entry of a transparency log, as a bundle has it: the JSON of `TransparencyLogEntry`. Bytes are base64, numbers are
 * decimal texts. Rekor v2 answers with it.
 *
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_rekor.proto
 */
export interface LogEntry {
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly kindVersion: { readonly kind: string; readonly version: string };
  /** Seconds since the epoch. Unset by Rekor v2, which has no clock. */
  readonly integratedTime?: string;
  /** The signed entry timestamp of Rekor v1. */
  readonly inclusionPromise?: InclusionPromise;
  readonly inclusionProof?: InclusionProof;
  readonly canonicalizedBody: string;
}

export interface InclusionPromise {
  readonly signedEntryTimestamp: string;
}

export interface InclusionProof {
  readonly logIndex: string;
  readonly rootHash: string;
  readonly treeSize: string;
  readonly hashes: readonly string[];
  readonly checkpoint: { readonly envelope: string };
}

/** Hashes of a proof in a tree of 2^64 entries. */
const MAX_HASHES = 64;
const MAX_CHECKPOINT = 16 * 1024;
const DECIMAL = /^\d{1,19}$/;

/** Reads a log entry that is parsed JSON. Throws a `FormatError`; one without promise and proof proves nothing. */
export function readLogEntry(json: unknown): LogEntry {
  const entry = objectOf(json, 'a log entry');
  const kindVersion = objectOf(entry['kindVersion'], 'kindVersion of a log entry');
  const { inclusionPromise: promise, inclusionProof: proof, integratedTime } = entry;
  if (promise == null && proof == null) {
    throw new FormatError('a log entry has neither an inclusion promise nor an inclusion proof');
  }
  return {
    logIndex: decimalOf(entry['logIndex'] ?? '0', 'logIndex'), // protobuf leaves out what is zero
    logId: { keyId: base64Of(objectOf(entry['logId'], 'logId of a log entry')['keyId'], 'keyId') },
    kindVersion: {
      kind: textOf(kindVersion['kind'], 'kind'),
      version: textOf(kindVersion['version'], 'version'),
    },
    ...(integratedTime != null && { integratedTime: decimalOf(integratedTime, 'integratedTime') }),
    ...(promise != null && { inclusionPromise: readPromise(promise) }),
    ...(proof != null && { inclusionProof: readProof(proof) }),
    canonicalizedBody: base64Of(entry['canonicalizedBody'], 'canonicalizedBody'),
  };
}

function readPromise(json: unknown): InclusionPromise {
  const promise = objectOf(json, 'inclusionPromise of a log entry');
  return { signedEntryTimestamp: base64Of(promise['signedEntryTimestamp'], 'signedEntryTimestamp') };
}

function readProof(json: unknown): InclusionProof {
  const proof = objectOf(json, 'inclusionProof of a log entry');
  const { hashes = [] } = proof;
  if (!Array.isArray(hashes) || hashes.length > MAX_HASHES) {
    throw new FormatError(`inclusionProof of a log entry has no list of up to ${MAX_HASHES} hashes`);
  }
  const checkpoint = objectOf(proof['checkpoint'], 'checkpoint of a log entry')['envelope'];
  return {
    logIndex: decimalOf(proof['logIndex'] ?? '0', 'logIndex'),
    rootHash: base64Of(proof['rootHash'], 'rootHash'),
    treeSize: decimalOf(proof['treeSize'] ?? '0', 'treeSize'),
    hashes: hashes.map((hash) => base64Of(hash, 'hashes')),
    checkpoint: { envelope: checkedCheckpoint(textOf(checkpoint, 'checkpoint')) },
  };
}

/**
 * The names of the signers of a checkpoint are host names with a path. @sigstore/verify uses them as regular expressions,
 * so any other character could make it search for hours.
 */
function checkedCheckpoint(envelope: string): string {
  const signatures = envelope.split('\n').filter((line) => line.startsWith('\u2014'));
  if (envelope.length <= MAX_CHECKPOINT && signatures.every((line) => SIGNATURE_LINE.test(line)))
    return envelope;
  throw new FormatError('a log entry has a malformed checkpoint');
}

const SIGNATURE_LINE = /^\u2014 [\w./:-]+ [\w+/=]+$/;

function objectOf(value: unknown, name: string) {
  if (isObject(value)) return value;
  throw new FormatError(`${name} is missing or not an object`);
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new FormatError(`${name} of a log entry is missing or not text`);
}

function decimalOf(value: unknown, name: string): string {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text === 'string' && DECIMAL.test(text)) return text;
  throw new FormatError(`${name} of a log entry is not a decimal number`);
}

function base64Of(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '' && decodeBase64(value) !== undefined) return value;
  throw new FormatError(`${name} of a log entry is not base64`);
}
