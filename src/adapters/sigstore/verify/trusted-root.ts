import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, type TrustMaterial } from '@sigstore/verify';
import { InputFault, messageOf } from '../../../base/errors.ts';
import { parseStrictJson } from '../../../signature/strict-json.ts';

export class TrustedRootError extends InputFault<'trusted-root-malformed'> {}

/**
 * Reads a trusted root (JSON): the certificate authorities, logs and timestamp authorities that signatures are verified
 * against. Throws a `TrustedRootError` that names it.
 *
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
 */
export function readTrustedRoot(bytes: Uint8Array, name: string): TrustMaterial {
  try {
    const { mediaType, ...json } = parseStrictJson(bytes, 'it');
    if (typeof mediaType !== 'string' || !/sigstore\.trustedroot\b/.test(mediaType)) {
      throw new Error('it has no mediaType "application/vnd.dev.sigstore.trustedroot+json;version=0.1"');
    }
    const material = toTrustMaterial(TrustedRoot.fromJSON({ mediaType, ...json }), {});
    if (material.certificateAuthorities.length === 0) throw new Error('it has no certificateAuthorities');
    return material;
  } catch (error) {
    throw new TrustedRootError(
      'trusted-root-malformed',
      `${name} is not a trusted root: ${messageOf(error)}: make one with "cosign trusted-root create"`,
      { cause: error },
    );
  }
}
