import { isObject } from '../base/json.ts';
import { decodeBase64, FormatError, parseStrictJson } from './strict-json.ts';

/** A DSSE envelope with one signature. @see https://github.com/secure-systems-lab/dsse/blob/master/envelope.md */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  /** The signature of `preAuthEncoding`. */
  readonly signature: Uint8Array;
}

/** The bytes that the signature of an envelope covers. @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
export function preAuthEncoding({ payloadType, payload }: Omit<Envelope, 'signature'>): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

/** Reads the bytes of an envelope. Throws a `FormatError`. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  return readEnvelope(parseStrictJson(bytes, 'the DSSE envelope'));
}

/**
 * Reads an envelope that is parsed JSON. Throws a `FormatError`, also unless it has exactly one signature: with several,
 * a verifier has to choose which of them count. A `keyid` is not signed, and so not read.
 */
export function readEnvelope(json: unknown): Envelope {
  if (!isObject(json)) throw new FormatError('the DSSE envelope is not a JSON object');
  const { payloadType, signatures } = json;
  if (typeof payloadType !== 'string' || payloadType === '') {
    throw new FormatError('the DSSE envelope has no payloadType');
  }
  const payload = decodeBase64(json['payload']);
  if (payload === undefined || payload.length === 0) {
    throw new FormatError('the payload of the DSSE envelope is not base64');
  }
  const [only, ...others] = Array.isArray(signatures) ? (signatures as unknown[]) : [];
  const signature = decodeBase64(isObject(only) ? only['sig'] : undefined);
  if (signature === undefined || signature.length === 0 || others.length > 0) {
    throw new FormatError('the DSSE envelope does not have exactly one signature in base64');
  }
  return { payloadType, payload, signature };
}

/** An envelope as JSON, without `keyid`: with one, cosign finds no signature in a bundle that is signed by key. */
export function envelopeJson({ payloadType, payload, signature }: Envelope): object {
  return {
    payload: toBase64(payload),
    payloadType,
    signatures: [{ sig: toBase64(signature) }],
  };
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
