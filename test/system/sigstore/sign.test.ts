// Covers src/cli/runtime/open-signer.ts

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPublicKeys } from '../../../src/signature/public-keys.ts';
import { readTrustedRoot } from '../../../src/adapters/sigstore/verify/trusted-root.ts';
import { createVerifier } from '../../../src/adapters/sigstore/verify/verifier.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { Secrets } from '../../../src/base/secrets.ts';
import { FlagValues } from '../../../src/cli/flags/flag-values.ts';
import { signerOptionsOf } from '../../../src/cli/flags/options/signer-options.ts';
import { openSigner } from '../../../src/cli/runtime/open-signer.ts';
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { createFetch } from '../../../src/http/fetch.ts';
import type { Signer } from '../../../src/ports/signatures.ts';
import { SIGN_PREDICATE, SLSA_V1_PREDICATE } from '../../../src/signature/media-types.ts';
import { makeSimpleSigning } from '../../../src/signature/simple-signing.ts';
import { makeStatement } from '../../../src/signature/statement.ts';
import type { StoredSignature } from '../../../src/signature/stored-signature.ts';
import { image, push } from '../../builders/images.ts';
import { runTool, type ToolName } from '../../doubles/tools.ts';
import { hasSigstoreTools, type SigstoreStack, startSigstoreStack } from './stack.ts';
import { type Place, storeBundle, storeSignatureTag } from './store-signatures.ts';

const { signal } = new AbortController();
const EMAIL = 'promoter@example.com';
const log = { write: () => {} };

let stack: SigstoreStack;
let registry: EmbeddedRegistry;
let directory: string;
const services = createFetch({ network: {}, clock: systemClock, log, userAgent: 'cip/test' });
let images = 0;

describe.skipIf(!hasSigstoreTools())('what we sign', () => {
  beforeAll(async () => {
    [stack, registry] = await Promise.all([startSigstoreStack(), startEmbeddedRegistry()]);
    directory = mkdtempSync(join(tmpdir(), 'cip-sign-'));
    writeFileSync(path('token'), stack.issuer.token({ email: EMAIL, email_verified: true }));
  });

  afterAll(async () => {
    await Promise.all([stack?.stop(), registry?.close(), services.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  describe('with a certificate, logged by Rekor v1', () => {
    const flags = () => ({
      'identity-token': path('token'),
      'fulcio-url': stack.fulcioUrl,
      'rekor-url': stack.rekorV1Url,
    });

    it('is a bundle that cosign 3 and 2 verify', async () => {
      const place = await signBundle(await signerOf(flags()));
      await cosign('cosign', ['verify', ...byCertificate(), ...trustedRoot()], place);
      await cosign(
        'cosign-v2',
        ['verify', ...byCertificate(), ...trustedRoot(), '--new-bundle-format'],
        place,
      );
    });

    it('is a bundle with a timestamp that cosign 3 and 2 verify', async () => {
      const place = await signBundle(await signerOf({ ...flags(), 'timestamp-url': stack.timestampUrl }));
      await cosign('cosign', ['verify', ...byCertificate(), ...trustedRoot()], place);
      await cosign(
        'cosign-v2',
        ['verify', ...byCertificate(), ...trustedRoot(), '--new-bundle-format'],
        place,
      );
    });

    it('is of nobody else', async () => {
      const place = await signBundle(await signerOf(flags()));
      const other = byCertificate('other@example.com');
      await expect(cosign('cosign', ['verify', ...other, ...trustedRoot()], place)).rejects.toThrow(
        'expected SAN value "other@example.com"',
      );
    });

    it('is an attestation that cosign 3 and 2 verify', async () => {
      const place = await signBundle(await signerOf(flags()), SLSA_V1_PREDICATE);
      const args = ['verify-attestation', '--type=slsaprovenance1', ...byCertificate(), ...trustedRoot()];
      await cosign('cosign', args, place);
      await cosign('cosign-v2', [...args, '--new-bundle-format'], place);
    });

    it('is a .sig tag that cosign 3 and 2 verify', async () => {
      const place = await signTag(await signerOf({ ...flags(), 'timestamp-url': stack.timestampUrl }));
      await cosign('cosign', ['verify', ...byCertificate(), ...trustedRoot()], place);
      await cosign('cosign-v2', ['verify', ...byCertificate()], place);
    });
  });

  describe('with a certificate, logged by Rekor v2', () => {
    const flags = () => ({ 'identity-token': path('token'), 'signing-config': stack.signingConfig });

    it('is a bundle that cosign 3 verifies, and cosign 2 by its timestamp', async () => {
      const place = await signBundle(await signerOf(flags()));
      await cosign('cosign', ['verify', ...byCertificate(), ...trustedRoot()], place);
      const byTimestamp = ['--new-bundle-format', '--use-signed-timestamps'];
      await cosign('cosign-v2', ['verify', ...byCertificate(), ...trustedRoot(), ...byTimestamp], place);
    });

    it('is an attestation that cosign 3 verifies', async () => {
      const place = await signBundle(await signerOf(flags()), SLSA_V1_PREDICATE);
      const args = ['verify-attestation', '--type=slsaprovenance1', ...byCertificate(), ...trustedRoot()];
      await cosign('cosign', args, place);
    });

    it('is no .sig tag', async () => {
      await expect(signTag(await signerOf(flags()))).rejects.toThrow('a .sig tag needs an entry of Rekor v1');
    });
  });

  const KEYS: readonly (readonly [string, () => { publicKey: KeyObject; privateKey: KeyObject }])[] = [
    ['an EC key', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['an Ed25519 key', () => generateKeyPairSync('ed25519')],
    ['an RSA key', () => generateKeyPairSync('rsa', { modulusLength: 3072 })],
  ];

  describe.each(KEYS)('with %s', (_name, generate) => {
    it('is a bundle and a .sig tag that cosign 3 and 2 verify', async () => {
      const { publicKey, privateKey } = generate();
      writeFileSync(path('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
      writeFileSync(path('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
      await expectKeySignatures(await signerOf({ 'sign-key': path('key.pem') }), path('key.pub'));
    });
  });

  it('with a key of cosign is a bundle and a .sig tag that cosign 3 and 2 verify', async () => {
    const password = { COSIGN_PASSWORD: 'a password' };
    await runTool('cosign', ['generate-key-pair', `--output-key-prefix=${path('cosign')}`], {
      env: password,
    });
    const signer = await signerOf({ 'sign-key': path('cosign.key') }, password);
    await expectKeySignatures(signer, path('cosign.pub'));
  });

  it('with a command is a bundle and a .sig tag that cosign 3 and 2 verify', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(path('hsm.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(path('hsm.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const command = `openssl dgst -sha256 -sign '${path('hsm.pem')}' | base64`;
    const flags = { 'sign-command': command, 'sign-command-key': path('hsm.pub') };
    await expectKeySignatures(await signerOf(flags, process.env), path('hsm.pub'));
  });

  it('with a key, logged by Rekor v1, is a bundle and a .sig tag that cosign 3 and 2 verify', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(path('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(path('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const signer = await signerOf({
      'sign-key': path('key.pem'),
      'sign-log': 'true',
      'rekor-url': stack.rekorV1Url,
    });
    const byKey = [`--key=${path('key.pub')}`];
    const bundle = await signBundle(signer, SIGN_PREDICATE, path('key.pub'));
    await cosign('cosign', ['verify', ...byKey, ...trustedRoot()], bundle);
    await cosign('cosign-v2', ['verify', ...byKey, ...trustedRoot(), '--new-bundle-format'], bundle);
    const tag = await signTag(signer, path('key.pub'));
    await cosign('cosign', ['verify', ...byKey, ...trustedRoot()], tag);
    await cosign('cosign-v2', ['verify', ...byKey], tag);
  });

  async function expectKeySignatures(signer: Signer, publicKey: string): Promise<void> {
    const byKey = ['verify', `--key=${publicKey}`, '--insecure-ignore-tlog'];
    const bundle = await signBundle(signer, SIGN_PREDICATE, publicKey);
    await cosign('cosign', byKey, bundle);
    await cosign('cosign-v2', [...byKey, '--new-bundle-format', ...trustedRoot()], bundle);
    const tag = await signTag(signer, publicKey);
    await cosign('cosign', byKey, tag);
    await cosign('cosign-v2', byKey, tag);
  }
});

function path(name: string): string {
  return join(directory, name);
}

async function signerOf(
  flags: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
): Promise<Signer> {
  const values = new FlagValues(new Map(Object.entries(flags).map(([name, value]) => [name, [value]])));
  const options = signerOptionsOf(values, env);
  if (options === undefined) throw new Error('the flags name no signer');
  const { fetch } = services;
  const runtime = {
    env,
    clock: systemClock,
    log,
    secrets: new Secrets(),
    fetch,
    stopping: signal,
    keyFiles: [],
  };
  return openSigner(options, runtime);
}

/** A new image with a signed statement. Our verifier accepts it. */
async function signBundle(
  signer: Signer,
  predicateType = SIGN_PREDICATE,
  publicKey?: string,
): Promise<Place> {
  const place = newImage();
  const { digest } = place.image.manifest;
  const predicate = predicateType === SIGN_PREDICATE ? {} : { buildDefinition: {}, runDetails: {} };
  const bytes = await signer.signStatement(makeStatement([{ digest }], { predicateType, predicate }), signal);
  await expectVerified({ kind: 'bundle', bytes }, { signer, digest, publicKey });
  storeBundle(place, bytes, predicateType);
  return place;
}

/** A new image with a signature under cosign's tag. Our verifier accepts it. */
async function signTag(signer: Signer, publicKey?: string): Promise<Place> {
  const place = newImage();
  const { digest } = place.image.manifest;
  const payload = makeSimpleSigning({ dockerReference: 'registry.example.com/app', digest });
  const signature = await signer.signPayload(payload, signal);
  await expectVerified(signature, { signer, digest, publicKey });
  storeSignatureTag(place, signature);
  return place;
}

function newImage(): Place {
  const content = image({ seed: `image ${++images}` });
  const place = { registry, repository: `app-${images}`, image: content };
  push(registry, place.repository, content);
  return place;
}

async function expectVerified(
  stored: StoredSignature,
  expected: { signer: Signer; digest: string; publicKey: string | undefined },
): Promise<void> {
  const { signer, digest, publicKey } = expected;
  const root = readTrustedRoot(readFileSync(stack.trustedRoot), 'the trusted root');
  const keys = publicKey === undefined ? [] : readPublicKeys(readFileSync(publicKey, 'utf8'), 'the key');
  const result = await createVerifier({ root, keys }).verify(stored, signal);
  expect(result).toMatchObject({
    kind: 'verified',
    signature: { signer: await signer.identity(signal), subjects: [digest] },
  });
}

function byCertificate(email = EMAIL): readonly string[] {
  return [
    `--certificate-identity=${email}`,
    `--certificate-oidc-issuer=${stack.issuer.url}`,
    '--insecure-ignore-sct',
  ];
}

function trustedRoot(): readonly string[] {
  return [`--trusted-root=${stack.trustedRoot}`];
}

/** Throws unless cosign ends with 0. */
async function cosign(
  tool: ToolName,
  args: readonly string[],
  { image: { manifest }, repository }: Place,
): Promise<void> {
  const env = {
    SIGSTORE_ROOT_FILE: stack.fulcioChain,
    SIGSTORE_REKOR_PUBLIC_KEY: stack.rekorV1Key,
    TUF_ROOT: path('tuf'),
  };
  const name = `${registry.host}/${repository}@${manifest.digest}`;
  await runTool(tool, [...args, '--allow-http-registry', name], { env });
}
