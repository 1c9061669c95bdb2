import { isObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import { type Digest, parseDigest } from '../image/digest.ts';
import { FormatError, parseStrictJson } from './strict-json.ts';

/** What a simple signing payload says. @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
export interface SimpleSigning {
  /** The name that the signer gives the image: its repository, or another claimed identity. */
  readonly dockerReference: string;
  readonly digest: Digest;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

const TYPE = 'cosign container image signature';

/** Reads the payload of a simple signing layer. Throws a `FormatError`. */
export function parseSimpleSigning(payload: Uint8Array): SimpleSigning {
  const { critical, optional } = parseStrictJson(payload, 'the simple signing payload');
  if (!isObject(critical) || critical['type'] !== TYPE) {
    throw new FormatError(`the simple signing payload is not of the type ${quote(TYPE)}`);
  }
  const { identity, image } = critical;
  const text = isObject(image) ? image['docker-manifest-digest'] : undefined;
  const digest = typeof text === 'string' ? parseDigest(text) : undefined;
  if (digest === undefined) throw new FormatError('the simple signing payload has no docker-manifest-digest');
  const reference = isObject(identity) ? identity['docker-reference'] : undefined;
  return {
    dockerReference: typeof reference === 'string' ? reference : '',
    digest,
    ...(isObject(optional) && { annotations: optional }),
  };
}

/**
 * The bytes that cosign signs for an image, exactly: their digest is that of the layer, so that a `.sig` tag can be
 * checked without a GET of the layer.
 */
export function makeSimpleSigning({ dockerReference, digest, annotations }: SimpleSigning): Uint8Array {
  const names = annotations === undefined ? [] : Object.keys(annotations).toSorted();
  const critical = {
    identity: { 'docker-reference': dockerReference },
    image: { 'docker-manifest-digest': digest },
    type: TYPE,
  };
  const optional =
    names.length === 0 ? null : Object.fromEntries(names.map((name) => [name, annotations?.[name]]));
  return Buffer.from(JSON.stringify({ critical, optional }).replace(ESCAPED_BY_GO, escapeCharacter));
}

/** `json.Marshal` of Go escapes these. */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
