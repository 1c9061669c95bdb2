import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';

/** The files of a TUF repository by their path, with one target. */
export type TufFiles = ReadonlyMap<string, Uint8Array>;

export interface TufOptions {
  /** Of every role but root. Default 1. */
  readonly version?: number;
  /** Milliseconds from now until the metadata expires. Default: a day. */
  readonly lifetime?: number;
}

const TARGET = 'trusted_root.json';
const ROLES = ['root', 'timestamp', 'snapshot', 'targets'];

/** Makes the files of a repository, again and again with the same key. `initialRoot` is root metadata, version 1. */
export function createTufRepository() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
  const keyid = sha256(key);
  const encode = (signed: object) => {
    const sig = sign(null, Buffer.from(canonicalize(signed)), privateKey).toString('hex');
    return Buffer.from(JSON.stringify({ signatures: [{ keyid, sig }], signed }));
  };
  const signedPart = (type: string, { version = 1, lifetime = 86_400_000 }: TufOptions) => ({
    _type: type,
    spec_version: '1.0.31',
    version,
    expires: new Date(Math.floor((Date.now() + lifetime) / 1000) * 1000).toISOString().replace('.000', ''),
  });
  const root = encode({
    ...signedPart('root', {}),
    consistent_snapshot: true,
    keys: { [keyid]: { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: key } } },
    roles: Object.fromEntries(ROLES.map((role) => [role, { keyids: [keyid], threshold: 1 }])),
  });
  const files = (target: Uint8Array, options: TufOptions = {}): TufFiles => {
    const { version = 1 } = options;
    const hash = sha256(target);
    const entry = { length: target.length, hashes: { sha256: hash } };
    const targets = encode({ ...signedPart('targets', options), targets: { [TARGET]: entry } });
    const snapshot = encode({ ...signedPart('snapshot', options), meta: { 'targets.json': { version } } });
    const timestamp = encode({ ...signedPart('timestamp', options), meta: { 'snapshot.json': { version } } });
    return new Map([
      ['/1.root.json', root],
      ['/timestamp.json', timestamp],
      [`/${version}.snapshot.json`, snapshot],
      [`/${version}.targets.json`, targets],
      [`/targets/${hash}.${TARGET}`, target],
    ]);
  };
  return { initialRoot: root, files };
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
