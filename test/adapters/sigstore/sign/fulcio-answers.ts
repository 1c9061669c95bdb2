import { fulcioHandler, initializeCA } from '@sigstore/mock';
import { generateKeyPairSync } from 'node:crypto';
import { z } from 'zod';
import type { ScriptedRequest, Step } from '../../../doubles/scripted-server.ts';

const Request = z.strictObject({ certificateSigningRequest: z.base64() });

/** The request for a certificate. */
export const CERTIFICATE = 'POST /api/v2/signingCert';

/** The body of an answer with a certificate for the key and the claim `sub` of the request, by a new authority. */
export async function certificateFor(request: Pick<ScriptedRequest, 'body' | 'headers'>): Promise<string> {
  const ca = await initializeCA(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  const { certificateSigningRequest: csr } = Request.parse(JSON.parse(request.body.toString()));
  const certificateSigningRequest = Buffer.from(csr, 'base64').toString(); // the handler takes the PEM itself
  const credentials = { oidcIdentityToken: request.headers.authorization?.replace('Bearer ', '') };
  const { statusCode, response } = await fulcioHandler(ca).fn(
    JSON.stringify({ credentials, certificateSigningRequest }),
  );
  if (statusCode !== 201 || typeof response !== 'string') throw new Error(`no certificate: ${statusCode}`);
  return response;
}

/** The step of a script in which a certificate is issued. */
export const issuesCertificate: Step = {
  request: CERTIFICATE,
  answer: async (request) => ({ status: 201, body: await certificateFor(request) }),
};

/** A token with these claims. Its signature is none. */
export function tokenOf(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.c2lnbmF0dXJl`;
}
