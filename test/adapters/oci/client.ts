import { onTestFinished } from 'vitest';
import {
  createOciRegistry,
  type OciRegistry,
  type OciRegistryOptions,
} from '../../../src/adapters/oci/oci-registry.ts';
import {
  type EmbeddedRegistry,
  type EmbeddedRegistryOptions,
  startEmbeddedRegistry,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { readWhole } from '../../../src/base/byte-stream.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { hostOf, parseRepository, type Repository } from '../../../src/image/repository.ts';
import { parseTag, type Tag } from '../../../src/image/tag.ts';
import { ANONYMOUS, type Credential, type Identity, type Keychain } from '../../../src/ports/keychain.ts';
import type { BlobBody } from '../../../src/ports/registry.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';

export const USER_AGENT = 'cip/0.0.0-test';

/** A client for the running test, anonymous and with a clock of its own unless told otherwise. */
export function clientForTest(options: Partial<OciRegistryOptions> = {}): OciRegistry {
  const client = createOciRegistry({
    keychain: keychainOf({}),
    clock: new FakeClock(),
    plainHttp: [],
    threads: 50,
    userAgent: USER_AGENT,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

/** Credentials by host; anonymous for the others. */
export function keychainOf(credentials: Readonly<Record<string, Credential>>): Keychain {
  return {
    identityFor: (repository) => {
      const credential = credentials[hostOf(repository)];
      return Promise.resolve(credential === undefined ? ANONYMOUS : identityOf(credential));
    },
  };
}

/** One credential for every repository. */
export function keychainWith(credential: Credential): Keychain {
  return { identityFor: () => Promise.resolve(identityOf(credential)) };
}

export function identityOf(credential: Credential): Identity {
  return credential.kind === 'anonymous' ? ANONYMOUS : { name: nameOf(credential), credential };
}

function nameOf(credential: Credential): string {
  return credential.kind === 'basic' ? `user "${credential.username}"` : credential.kind;
}

export async function embeddedForTest(options: EmbeddedRegistryOptions = {}): Promise<EmbeddedRegistry> {
  const registry = await startEmbeddedRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

export function repositoryAt({ host }: { readonly host: string }, name: string): Repository {
  const repository = parseRepository(`${host}/${name}`);
  if (repository === undefined) throw new Error(`${host}/${name} is no repository`);
  return repository;
}

export function tagOf(text: string): Tag {
  const tag = parseTag(text);
  if (tag === undefined) throw new Error(`${text} is no tag`);
  return tag;
}

/** Never aborted. */
export function quiet(): AbortSignal {
  return new AbortController().signal;
}

/** What a promise rejects with; throws when it does not, or with anything but a `RegistryError`. */
export async function registryErrorOf(promise: Promise<unknown>): Promise<RegistryError> {
  const thrown = await promise.then(
    (value) => {
      throw new Error(`expected a RegistryError, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
  if (thrown instanceof RegistryError) return thrown;
  throw thrown;
}

export function descriptorOf(blob: {
  mediaType: string;
  digest: Descriptor['digest'];
  bytes: Uint8Array;
}): Descriptor {
  return { mediaType: blob.mediaType, digest: blob.digest, size: blob.bytes.length };
}

/** Every byte of a body. */
export async function readAll(body: BlobBody): Promise<Buffer> {
  return Buffer.from(await readWhole(body));
}

/** Resolves when a condition holds, asked once per turn of the event loop; the test's own limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
