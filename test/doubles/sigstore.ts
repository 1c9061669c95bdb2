import { createHash, generateKeyPairSync, type KeyObject, randomInt, sign as signBytes } from 'node:crypto';
import { initializeCA } from '@sigstore/mock/dist/fulcio/ca.js';
import { initializeCTLog } from '@sigstore/mock/dist/fulcio/ctlog.js';
import { initializeTLog, type TLog } from '@sigstore/mock/dist/rekor/tlog.js';
import { initializeTSA } from '@sigstore/mock/dist/timestamp/tsa.js';
import { type Bundle, encodeBundle } from '../../src/signature/bundle.ts';
import { type Envelope, envelopeJson, preAuthEncoding } from '../../src/signature/dsse.ts';
import type { LogEntry } from '../../src/signature/log-entry.ts';
import { IN_TOTO } from '../../src/signature/media-types.ts';
import { encodeRekorBundle, encodeTimestamp } from '../../src/signature/rekor-bundle.ts';
import type { StoredSignature } from '../../src/signature/stored-signature.ts';

const MINUTE = 60_000;
const [ISSUER_V2, SHA256] = ['1.3.6.1.4.1.57264.1.8', '2.16.840.1.101.3.4.2.1'];
export const ISSUER = 'https://accounts.example.com';
export const IDENTITY = 'https://ci.example.com/release';

/** Fulcio, Rekor, a timestamp authority and a certificate log in this process. */
export interface Sigstore {
  /** JSON. */
  readonly trustedRoot: Uint8Array;
  certificate(options?: CertificateOptions): Promise<SigningKey>;
  /** A bundle of a statement. */
  bundle(payload: Uint8Array, by: SigningKey, options?: BundleOptions): Promise<Bundle>;
  /** Layers of `.sig` and `.att`. */
  simpleSigning(payload: Uint8Array, by: SigningKey): Promise<StoredSignature & { kind: 'simple-signing' }>;
  envelope(payload: Uint8Array, by: SigningKey): Promise<StoredSignature & { kind: 'envelope' }>;
}

export interface SigstoreOptions {
  /** Milliseconds that the clock of the log and of the timestamp authority is ahead of Fulcio's. */
  readonly skew?: number;
  readonly hasCertificateLog?: boolean;
  readonly hasTimestampAuthority?: boolean;
}

export interface CertificateOptions {
  readonly issuer?: string;
  readonly identity?: string;
}

export interface BundleOptions {
  readonly rekor?: 'v1' | 'v2' | 'none';
  readonly isTimestamped?: boolean;
  readonly payloadType?: string;
  /** The signer that the log entry names. */
  readonly loggedSigner?: SigningKey;
}

/** A private key, with the certificate of its public key. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** DER. */
  readonly certificate?: Uint8Array;
}

export function newKey(): SigningKey {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

export async function createSigstore({
  skew = 0,
  hasCertificateLog = true,
  hasTimestampAuthority = true,
}: SigstoreOptions = {}): Promise<Sigstore> {
  const now = new Date(Math.ceil(Date.now() / 1000) * 1000);
  const later = new Date(now.getTime() + skew);
  const ctLog = await initializeCTLog(newKey(), now);
  const ca = await initializeCA(newKey(), hasCertificateLog ? ctLog : undefined, now);
  const log = await initializeTLog('https://rekor.example.com', newKey(), later);
  const tsa = await initializeTSA(newKey(), later);
  const validFor = { start: new Date(now.getTime() - 600 * MINUTE).toISOString() };
  const trustedRoot = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [trustedLog('https://rekor.example.com', log.publicKey)],
    ctlogs: hasCertificateLog ? [trustedLog('https://ct.example.com', ctLog.publicKey)] : [],
    certificateAuthorities: [{ validFor, certChain: chain(ca.rootCertificate) }],
    timestampAuthorities: hasTimestampAuthority
      ? [{ validFor, certChain: chain(tsa.intCertificate, tsa.rootCertificate) }]
      : [],
  };
  const timestamp = async (bytes: Uint8Array) => {
    const artifactHash = sha256(bytes);
    const request = { artifactHash, hashAlgorithmOID: SHA256, nonce: randomInt(1e6), policyOID: '1.2.3' };
    return toBytes(await tsa.timestamp(request));
  };
  return {
    trustedRoot: Buffer.from(JSON.stringify(trustedRoot)),
    certificate: async ({ issuer = ISSUER, identity = IDENTITY } = {}) => {
      const key = newKey();
      const certificate = await ca.issueCertificate({
        publicKey: Buffer.from(spki(key)),
        subjectAltName: identity,
        extensions: [{ oid: ISSUER_V2, value: issuer }],
      });
      return { ...key, certificate: toBytes(certificate) };
    },
    bundle: async (payload, by, options = {}) => {
      const {
        rekor = 'v1',
        isTimestamped = rekor === 'v2',
        payloadType = IN_TOTO,
        loggedSigner = by,
      } = options;
      const envelope = signEnvelope(payload, payloadType, by);
      const entry = rekor === 'none' ? [] : [await logEnvelope(log, rekor, { envelope, by: loggedSigner })];
      return {
        key:
          by.certificate === undefined
            ? { kind: 'key', hint: sha256(spki(by)).toString('base64') }
            : { kind: 'certificate', certificate: by.certificate },
        logEntries: entry,
        timestamps: isTimestamped ? [await timestamp(envelope.signature)] : [],
        envelope,
      };
    },
    simpleSigning: async (payload, by) => {
      const signature = signBytes('sha256', payload, by.privateKey);
      const body = {
        apiVersion: '0.0.1',
        kind: 'hashedrekord',
        spec: {
          data: { hash: { algorithm: 'sha256', value: sha256(payload).toString('hex') } },
          signature: { content: base64(signature), publicKey: { content: base64(pem(by)) } },
        },
      };
      return {
        kind: 'simple-signing',
        payload,
        signature: base64(signature),
        ...certificateOf(by),
        logEntry: encodeRekorBundle(await enter(log, body)),
        timestamp: encodeTimestamp(await timestamp(signature)),
      };
    },
    envelope: async (payload, by) => {
      const envelope = signEnvelope(payload, IN_TOTO, by);
      const bytes = Buffer.from(JSON.stringify(envelopeJson(envelope)));
      const logEntry = encodeRekorBundle(await logEnvelope(log, 'v1', { envelope, by }));
      // cosign's timestamp is one of the whole envelope
      return {
        kind: 'envelope',
        bytes,
        ...certificateOf(by),
        logEntry,
        timestamp: encodeTimestamp(await timestamp(bytes)),
      };
    },
  };
}

/** A bundle as a registry stores it. */
export function stored(bundle: Bundle): StoredSignature {
  return { kind: 'bundle', bytes: encodeBundle(bundle) };
}

function signEnvelope(payload: Uint8Array, payloadType: string, { privateKey }: SigningKey): Envelope {
  const signature = signBytes('sha256', preAuthEncoding({ payloadType, payload }), privateKey);
  return { payloadType, payload, signature };
}

/** Rekor v2 has a `hashedrekord` of the pre-authentication encoding, and no clock. */
async function logEnvelope(
  log: TLog,
  version: 'v1' | 'v2',
  { envelope, by }: { readonly envelope: Envelope; readonly by: SigningKey },
): Promise<LogEntry> {
  const signature = base64(envelope.signature);
  if (version === 'v1') {
    const payloadHash = { algorithm: 'sha256', value: sha256(envelope.payload).toString('hex') };
    const spec = { payloadHash, signatures: [{ signature, verifier: base64(pem(by)) }] };
    return enter(log, { apiVersion: '0.0.1', kind: 'dsse', spec });
  }
  const verifier =
    by.certificate === undefined
      ? { publicKey: { rawBytes: base64(spki(by)) } }
      : { x509Certificate: { rawBytes: base64(by.certificate) } };
  const data = { algorithm: 'SHA2_256', digest: base64(sha256(preAuthEncoding(envelope))) };
  const spec = { hashedRekordV002: { data, signature: { content: signature, verifier } } };
  const {
    inclusionPromise: _,
    integratedTime: __,
    ...entry
  } = await enter(log, {
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec,
  });
  return entry;
}

/** An entry as the API of Rekor v1 has it. */
interface RekorEntry {
  readonly body: string;
  readonly integratedTime: number;
  /** Hexadecimal. */
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      /** Hexadecimal. */
      readonly rootHash: string;
      readonly treeSize: number;
      readonly checkpoint: string;
    };
  };
}

async function enter(log: TLog, body: { apiVersion: string; kind: string; spec: object }): Promise<LogEntry> {
  const answer: Readonly<Record<string, RekorEntry>> = await log.log(body);
  const [entry] = Object.values(answer);
  if (entry === undefined) throw new Error('the log has no entry');
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification;
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
    kindVersion: { kind: body.kind, version: body.apiVersion },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'),
      treeSize: String(proof.treeSize),
      hashes: [],
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: entry.body,
  };
}

function trustedLog(baseUrl: string, key: Uint8Array) {
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: base64(key),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: new Date(0).toISOString() },
    },
    logId: { keyId: base64(sha256(key)) },
  };
}

function chain(...certificates: readonly ArrayBufferView[]) {
  return { certificates: certificates.map((der) => ({ rawBytes: base64(toBytes(der)) })) };
}

function certificateOf({ certificate }: SigningKey) {
  return certificate === undefined ? {} : { certificate: certificatePem(certificate) };
}

function pem({ certificate, publicKey }: SigningKey): Uint8Array {
  if (certificate !== undefined) return Buffer.from(certificatePem(certificate));
  return Buffer.from(publicKey.export({ format: 'pem', type: 'spki' }));
}

function certificatePem(der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function spki({ publicKey }: SigningKey): Uint8Array {
  return publicKey.export({ format: 'der', type: 'spki' });
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function toBytes(view: ArrayBufferView): Uint8Array {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
