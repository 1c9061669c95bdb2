import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../src/embedded-registry/embedded-registry.ts';
import { cosignTagOf } from '../../src/image/attachment-tags.ts';
import { annotationsOf } from '../../src/image/oci-manifest.ts';
import { BUNDLE_ANNOTATIONS } from '../../src/signature/media-types.ts';
import { type Content, multiArch, push } from '../builders/images.ts';
import { temporaryDirectory } from '../doubles/run-cip.ts';
import { holdingProxy } from './holding-proxy.ts';
import { embedded, manifestFlag } from './staging.ts';

export const APP = multiArch('app', { platforms: 2 });
export const DIGESTS = [APP, ...APP.children].map(({ manifest }) => manifest.digest);
export const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';
export const PROMOTION = 'https://k8s.io/promo-tools/promotion/v1';

export interface SigningWorld {
  readonly staging: EmbeddedRegistry;
  readonly production: EmbeddedRegistry;
  readonly flags: readonly string[];
  readonly publicKey: string;
}

/** A staging registry with images, an empty production behind a proxy, and the flags of a promotion that signs with a key. */
export async function signingWorld(
  contents: readonly Content[] = [APP],
  options: EmbeddedRegistryOptions = {},
): Promise<SigningWorld & { readonly proxy: Awaited<ReturnType<typeof holdingProxy>> }> {
  const [staging, production] = [await embedded(), await embedded(options)];
  const proxy = await holdingProxy(production.host);
  for (const content of contents) push(staging, 'staging/app', content);
  const dmap = Object.fromEntries(contents.map(({ manifest }, index) => [manifest.digest, [`v${index}`]]));
  const manifest = { from: `${staging.host}/staging`, to: [`${proxy.host}/prod`], images: { app: dmap } };
  const directory = temporaryDirectory();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [keyFile, publicFile] = [join(directory, 'key.pem'), join(directory, 'key.pub')];
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const flags = [await manifestFlag(manifest), '-confirm', `-sign-key=${keyFile}`];
  return { staging, production, proxy, flags, publicKey: publicFile };
}

/** The predicate types of the bundles of a manifest in production, sorted. */
export function bundlesOf({ store }: EmbeddedRegistry, digest: (typeof DIGESTS)[number]): readonly string[] {
  return store
    .referrers('prod/app', digest)
    .map(({ bytes }) => annotationsOf({ bytes })[BUNDLE_ANNOTATIONS.predicateType] ?? '')
    .toSorted();
}

/** Expects each manifest of `APP` in production to have its signatures, and the index its attestation. */
export function expectSigned(production: EmbeddedRegistry, at: string): void {
  for (const [index, digest] of DIGESTS.entries()) {
    expect(bundlesOf(production, digest), at).toEqual(index === 0 ? [PROMOTION, SIGNATURE] : [SIGNATURE]);
    expect(production.store.manifest('prod/app', cosignTagOf(digest, 'sig')), at).toBeDefined();
  }
}
