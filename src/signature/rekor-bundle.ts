import { isObject } from '../base/json.ts';
import { type LogEntry, readLogEntry } from './log-entry.ts';
import { decodeBase64, FormatError, parseStrictJson } from './strict-json.ts';

// What cosign keeps in the annotations of a layer of `.sig` or `.att`.
// @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md

/** The log entry in `dev.sigstore.cosign/bundle`: it has a signed entry timestamp, and no inclusion proof. */
export function parseRekorBundle(text: string): LogEntry {
  const { SignedEntryTimestamp: signedEntryTimestamp, Payload: payload } = parseText(text, 'the log entry');
  if (!isObject(payload)) throw new FormatError('the log entry has no Payload');
  const { body, integratedTime, logIndex, logID } = payload;
  const content = parseStrictJson(decodeBase64(body) ?? Buffer.alloc(0), 'the body of the log entry');
  if (typeof logID !== 'string' || !/^[0-9a-f]{64}$/.test(logID)) {
    throw new FormatError('logID of the log entry is not a SHA-256 in hexadecimal');
  }
  return readLogEntry({
    logIndex,
    logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
    kindVersion: { kind: content['kind'], version: content['apiVersion'] },
    integratedTime,
    inclusionPromise: { signedEntryTimestamp },
    canonicalizedBody: body,
  });
}

/** The text of `dev.sigstore.cosign/bundle`. Throws a `FormatError` for an entry without a signed entry timestamp. */
export function encodeRekorBundle(entry: LogEntry): string {
  const { inclusionPromise, integratedTime, canonicalizedBody, logIndex, logId } = entry;
  if (inclusionPromise === undefined || integratedTime === undefined) {
    throw new FormatError('a log entry without a signed entry timestamp cannot stand in an annotation');
  }
  return JSON.stringify({
    SignedEntryTimestamp: inclusionPromise.signedEntryTimestamp,
    Payload: {
      body: canonicalizedBody,
      integratedTime: Number(integratedTime),
      logIndex: Number(logIndex),
      logID: Buffer.from(logId.keyId, 'base64').toString('hex'),
    },
  });
}

/** The response of a timestamp authority in `dev.sigstore.cosign/rfc3161timestamp`, DER. */
export function parseTimestamp(text: string): Uint8Array {
  const bytes = decodeBase64(parseText(text, 'the timestamp')['SignedRFC3161Timestamp']);
  if (bytes !== undefined) return bytes;
  throw new FormatError('the timestamp has no SignedRFC3161Timestamp in base64');
}

/** The text of `dev.sigstore.cosign/rfc3161timestamp`. */
export function encodeTimestamp(bytes: Uint8Array): string {
  return JSON.stringify({ SignedRFC3161Timestamp: Buffer.from(bytes).toString('base64') });
}

function parseText(text: string, name: string) {
  return parseStrictJson(Buffer.from(text), name);
}
