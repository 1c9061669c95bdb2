import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { messageOf } from '../../src/base/errors.ts';
import { isObject, parseJsonObject } from '../../src/base/json.ts';
import type { SignatureVerifier, Signer, Verification } from '../../src/ports/signatures.ts';
import { encodeBundle, parseBundle } from '../../src/signature/bundle.ts';
import { IN_TOTO } from '../../src/signature/media-types.ts';
import { preAuthEncoding } from '../../src/signature/dsse.ts';
import { parseSimpleSigning } from '../../src/signature/simple-signing.ts';
import { parseStatement } from '../../src/signature/statement.ts';
import type { StoredSignature } from '../../src/signature/stored-signature.ts';

/** Signs by a key of its own, and keeps what it has signed: the entries of its log. */
export class KeySigner implements Signer {
  readonly log: string[] = [];
  readonly publicKey: KeyObject;
  /** Awaited before each signature. Default: nothing. */
  before: () => Promise<void> | void = () => {};
  readonly #privateKey: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.publicKey = publicKey;
    this.#privateKey = privateKey;
  }

  identity() {
    return Promise.resolve({
      kind: 'key' as const,
      fingerprint: fingerprintOf(this.publicKey).toString('hex'),
    });
  }

  async signStatement(statement: Uint8Array): Promise<Uint8Array> {
    const content = { payloadType: IN_TOTO, payload: statement };
    const signature = await this.#sign(preAuthEncoding(content), statement);
    const key = { kind: 'key' as const, hint: fingerprintOf(this.publicKey).toString('base64') };
    return encodeBundle({ key, logEntries: [], timestamps: [], envelope: { ...content, signature } });
  }

  async signPayload(payload: Uint8Array) {
    const signature = (await this.#sign(payload, payload)).toString('base64');
    return { kind: 'simple-signing' as const, payload, signature };
  }

  async #sign(bytes: Uint8Array, content: Uint8Array): Promise<Buffer> {
    await this.before();
    this.log.push(Buffer.from(content).toString());
    return sign('sha256', bytes, this.#privateKey);
  }
}

/** Verifies the signatures of keys, without a log. */
export function keyVerifier(...signers: readonly Pick<KeySigner, 'publicKey'>[]): SignatureVerifier {
  return {
    verify: (stored) => {
      try {
        return Promise.resolve(
          verifyBy(
            stored,
            signers.map(({ publicKey }) => publicKey),
          ),
        );
      } catch (error) {
        return Promise.resolve({ kind: 'refused', reason: messageOf(error) });
      }
    },
  };
}

function verifyBy(stored: StoredSignature, keys: readonly KeyObject[]): Verification {
  const { bytes, signature } = signedIn(stored);
  const key = keys.find((one) => verify('sha256', bytes, one, signature));
  if (key === undefined) return { kind: 'refused', reason: 'no key has made it' };
  const signer = { kind: 'key' as const, fingerprint: fingerprintOf(key).toString('hex') };
  if (stored.kind === 'simple-signing') {
    const { digest } = parseSimpleSigning(stored.payload);
    return { kind: 'verified', signature: { signer, subjects: [digest], statement: undefined } };
  }
  const statement = parseStatement(parseBundle(stored.bytes).envelope.payload);
  return { kind: 'verified', signature: { signer, subjects: statement.subjects, statement } };
}

function signedIn(stored: StoredSignature): { bytes: Uint8Array; signature: Uint8Array } {
  if (stored.kind === 'simple-signing')
    return { bytes: stored.payload, signature: Buffer.from(stored.signature, 'base64') };
  const { envelope } = parseBundle(stored.bytes);
  return { bytes: preAuthEncoding(envelope), signature: envelope.signature };
}

function fingerprintOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** The predicate types, or payload digests, of the entries of a log, sorted. */
export function logOf({ log }: KeySigner): readonly string[] {
  return log.map((text) => nameOf(text)).toSorted();
}

function nameOf(text: string): string {
  const json = parseJsonObject(text) ?? {};
  const { predicateType, critical } = json;
  if (typeof predicateType === 'string') return predicateType;
  const digest =
    isObject(critical) && isObject(critical['image']) ? critical['image']['docker-manifest-digest'] : '';
  return String(digest);
}
