// Covers src/adapters/oci/api/blobs/blobs.ts
// Covers src/adapters/oci/api/manifests.ts
// Covers src/adapters/oci/api/referrers.ts
// Covers src/adapters/oci/api/session.ts
// Covers src/adapters/oci/oci-registry.ts

import { createOciRegistry } from '../../../src/adapters/oci/oci-registry.ts';
import {
  type EmbeddedRegistryOptions,
  startEmbeddedRegistry,
} from '../../../src/embedded-registry/embedded-registry.ts';
import type { Credential } from '../../../src/ports/keychain.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { availableRegistries, startRealRegistry } from '../../doubles/real-registries.ts';
import type { RegistryKind } from '../../doubles/registry-programs.ts';
import { type Capabilities, describeRegistry, type Subject } from './registry-contract.ts';

const ANONYMOUS: Credential = { kind: 'anonymous' };
const ALICE: Credential = { kind: 'basic', username: 'alice', password: 'pass:word' };
const USERS = { alice: 'pass:word' };

const STRICT: Capabilities = {
  absentRepository: 'missing',
  untagged: 'empty',
  listing: 'tags',
  pagesOfNineTags: 1,
  mounts: true,
  blobs: 'repository',
  missingBlob: 'unknown-blob',
  missingChild: 'unknown-blob',
  foreignLayer: 'taken',
  wrongDigest: 'refused',
};

const EMBEDDED: readonly (readonly [
  name: string,
  options: EmbeddedRegistryOptions,
  credential: Credential,
  differences: Partial<Capabilities>,
])[] = [
  ['the embedded registry', {}, ANONYMOUS, {}],
  ['the embedded registry, three tags a page', { pageSize: 3 }, ANONYMOUS, { pagesOfNineTags: 3 }],
  [
    "the embedded registry with Google's listing",
    { listing: 'google' },
    ANONYMOUS,
    { listing: 'digests', absentRepository: 'empty' },
  ],
  ['the embedded registry without mounts', { mounts: false }, ANONYMOUS, { mounts: false }],
  [
    'the embedded registry without validation',
    { validation: 'sparse', blobStore: 'global' },
    ANONYMOUS,
    { missingBlob: 'taken', missingChild: 'taken', blobs: 'host' },
  ],
  ['the embedded registry with tokens', { auth: { kind: 'token', users: USERS } }, ALICE, {}],
  [
    'the embedded registry with refresh tokens',
    { auth: { kind: 'token', users: USERS, refreshTokens: { r3fresh: 'alice' } } },
    { kind: 'identity-token', token: 'r3fresh' },
    {},
  ],
  ['the embedded registry with passwords', { auth: { kind: 'basic', users: USERS } }, ALICE, {}],
];

const DISTRIBUTION: Partial<Capabilities> = {
  untagged: 'missing',
  // 500 unless its configuration allows the URLs
  foreignLayer: 'unavailable',
};

/** What registries of others do differently from the embedded one. */
const REAL: Readonly<Record<RegistryKind, Partial<Capabilities>>> = {
  'distribution-2.8': DISTRIBUTION,
  'distribution-3': DISTRIBUTION,
  crane: {
    mounts: false,
    blobs: 'host',
    missingBlob: 'taken',
    missingChild: 'refused',
    wrongDigest: 'taken',
  },
  zot: {},
};

for (const [name, options, credential, differences] of EMBEDDED) {
  const start = async () => {
    const server = await startEmbeddedRegistry(options);
    return subjectOf({ host: server.host, stop: () => server.close() }, credential);
  };
  describeRegistry(name, { start, capabilities: { ...STRICT, ...differences } });
}

for (const kind of availableRegistries()) {
  const start = async () => subjectOf(await startRealRegistry(kind), ANONYMOUS);
  describeRegistry(kind, { start, capabilities: { ...STRICT, ...REAL[kind] } });
}

function subjectOf(server: { host: string; stop(): Promise<void> }, credential: Credential): Subject {
  const client = createOciRegistry({
    keychain: { identityFor: () => Promise.resolve({ name: credential.kind, credential }) },
    clock: new FakeClock(),
    plainHttp: [],
    threads: 10,
    userAgent: 'cip/0.0.0-test',
  });
  return {
    registry: client.registry,
    host: server.host,
    stop: async () => {
      await client.close();
      await server.stop();
    },
  };
}
