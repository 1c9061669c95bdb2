import { createHash } from 'node:crypto';
import { parseJsonObject } from '../../../../base/json.ts';
import { readLogEntry } from '../../../../signature/log-entry.ts';
import { SigningError } from '../signing-error.ts';
import { callService, malformed, type Service } from './call-service.ts';
import type { TransparencyLog } from './transparency-log.ts';

const ENTRIES = '/api/v2/log/entries';
/** The entry exists: the response to an earlier attempt was lost. This version does not return existing entries. */
const CONFLICT = 409;

/**
 * Rekor v2. It takes `hashedrekord` entries alone: that of an envelope is over its pre-authentication encoding.
 *
 * @see https://github.com/sigstore/rekor-tiles/blob/main/docs/openapi/rekor_service.swagger.json
 */
export function createRekorV2(rekor: Service): TransparencyLog {
  return {
    promises: false,
    add: async ({ content, signature, verifier }, signal) => {
      const { publicKey, certificate } = verifier;
      const key =
        certificate === undefined
          ? { publicKey: { rawBytes: base64(publicKey.der) } }
          : { x509Certificate: { rawBytes: base64(certificate.der) } };
      const request = {
        hashedRekordRequestV002: {
          digest: base64(createHash('sha256').update(content).digest()),
          signature: {
            content: base64(signature),
            verifier: { ...key, keyDetails: publicKey.algorithm },
          },
        },
      };
      const body = JSON.stringify(request);
      const call = { method: 'POST', path: ENTRIES, type: 'application/json', body, signal } as const;
      const answer = await callService(rekor, { ...call, accept: [CONFLICT] });
      if (answer.status === CONFLICT) {
        const message = 'rekor: the log has an entry of this signature and does not return it: use an EC key';
        throw new SigningError('logged', message);
      }
      try {
        return readLogEntry(parseJsonObject(answer.body));
      } catch (cause) {
        throw malformed(rekor, 'the answer is no log entry', cause);
      }
    },
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
