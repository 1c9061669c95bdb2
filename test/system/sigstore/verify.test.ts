import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSignatures } from '../../../src/attachments/read-signatures.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { Secrets } from '../../../src/base/secrets.ts';
import { verify } from '../../../src/cli/commands/verify.ts';
import { parseCommandLine } from '../../../src/cli/flags/parse-command-line.ts';
import { openRuntime, type Runtime } from '../../../src/cli/runtime/open-runtime.ts';
import { openVerifier } from '../../../src/cli/runtime/open-verifier.ts';
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import type { SignatureVerifier } from '../../../src/ports/signatures.ts';
import {
  BUNDLE,
  COSIGN_SIGNATURE,
  SIGN_PREDICATE,
  SLSA_V02_PREDICATE,
  SLSA_V1_PREDICATE,
} from '../../../src/signature/media-types.ts';
import { makeSimpleSigning } from '../../../src/signature/simple-signing.ts';
import type { StoredSignature } from '../../../src/signature/stored-signature.ts';
import { image, push } from '../../builders/images.ts';
import { repository, tag } from '../../builders/manifests.ts';
import { runTool, type ToolName } from '../../doubles/tools.ts';
import { clientForTest } from '../../adapters/oci/client.ts';
import { hasSigstoreTools, type SigstoreStack, startSigstoreStack } from './stack.ts';

const { signal } = new AbortController();
const EMAIL = 'promoter@example.com';

let stack: SigstoreStack;
let registry: EmbeddedRegistry;
let runtime: Runtime;
let directory: string;
let images = 0;

/** An image of the embedded registry. */
interface Place {
  /** `HOST/REPOSITORY`. */
  readonly name: string;
  readonly digest: Digest;
}

describe.skipIf(!hasSigstoreTools())('what cosign signs', () => {
  beforeAll(async () => {
    [stack, registry] = await Promise.all([startSigstoreStack(), startEmbeddedRegistry()]);
    directory = mkdtempSync(join(tmpdir(), 'cip-verify-'));
    writeFileSync(path('token'), stack.issuer.token({ email: EMAIL, email_verified: true }));
    for (const key of ['key', 'other']) {
      await cosign('cosign', ['generate-key-pair', `--output-key-prefix=${path(key)}`]);
    }
    writeFileSync(path('v02'), JSON.stringify({ builder: { id: 'b' }, buildType: 't' }));
    writeFileSync(path('v1'), JSON.stringify({ buildDefinition: {}, runDetails: { builder: { id: 'b' } } }));
    runtime = openRuntimeForTest();
  });

  afterAll(async () => {
    await Promise.all([stack?.stop(), registry?.close(), runtime?.close()]);
    rmSync(directory, { recursive: true, force: true });
  });

  describe('with a key', () => {
    const byKey = () => [`--key=${path('key.key')}`, '--tlog-upload=false'];
    const byKey3 = () => [...byKey(), '--use-signing-config=false'];

    it.each([
      ['a bundle of cosign 3', 'cosign', ['sign'], [], 'bundle', SIGN_PREDICATE],
      ['.sig of cosign 3', 'cosign', ['sign', '--new-bundle-format=false'], [], 'simple-signing', undefined],
      ['.sig of cosign 2', 'cosign-v2', ['sign'], [], 'simple-signing', undefined],
      [
        '.att of cosign 3',
        'cosign',
        ['attest', '--new-bundle-format=false'],
        ['v1'],
        'envelope',
        SLSA_V1_PREDICATE,
      ],
      ['.att of cosign 2', 'cosign-v2', ['attest'], ['v02'], 'envelope', SLSA_V02_PREDICATE],
      ['an attestation of cosign 3', 'cosign', ['attest'], ['v1'], 'bundle', SLSA_V1_PREDICATE],
      ['an older attestation of cosign 3', 'cosign', ['attest'], ['v02'], 'bundle', SLSA_V02_PREDICATE],
    ] as const)('%s', async (_, tool, command, [predicate], kind, predicateType) => {
      const place = newImage();
      const attested = predicate === undefined ? [] : predicateFlags(predicate);
      await cosign(tool, [...command, ...(tool === 'cosign' ? byKey3() : byKey()), ...attested], place);
      await expectSigned(place, { kind, predicateType, identity: 'key' });
    });

    it('a referrer of the type of signatures (oci-1-1)', async () => {
      const place = newImage();
      const env = { COSIGN_EXPERIMENTAL: '1' };
      await cosign('cosign-v2', ['sign', '--registry-referrers-mode=oci-1-1', ...byKey()], place, env);
      const [stored] = await expectSigned(place, { kind: 'simple-signing', identity: 'key' });
      expect(stored?.artifactType).toBe(COSIGN_SIGNATURE);
    });

    it('is nothing by another key', async () => {
      const place = newImage();
      await cosign('cosign', ['sign', ...byKey3()], place);
      const other = await verifierOf(['other.pub']);
      for (const { signature } of await readAll(place)) {
        expect(await other.verify(signature, signal)).toEqual({
          kind: 'refused',
          reason: 'not signed by any public key of a policy or of -signature-key',
        });
      }
    });

    it('has the payload that we know before: .sig needs no blob', async () => {
      const place = newImage();
      await cosign('cosign', ['sign', '--new-bundle-format=false', ...byKey3()], place);
      const [stored] = await readAll(place);
      const payload = makeSimpleSigning({ dockerReference: place.name, digest: place.digest });
      const signed = stored?.signature.kind === 'simple-signing' ? stored.signature.payload : undefined;
      expect(Buffer.from(signed ?? []).toString()).toBe(Buffer.from(payload).toString());
      registry.clearRequests();
      await readAll(place, new Map([[digestOf(payload), payload]]));
      expect(registry.requests.filter(({ kind }) => kind.includes('blob'))).toEqual([]);
    });
  });

  describe('with a certificate', () => {
    const rekorV2 = () => [
      `--signing-config=${stack.signingConfig}`,
      `--trusted-root=${stack.trustedRoot}`,
      `--identity-token=${path('token')}`,
    ];
    const rekorV1 = () => [
      `--fulcio-url=${stack.fulcioUrl}`,
      `--rekor-url=${stack.rekorV1Url}`,
      `--identity-token=${path('token')}`,
      '--insecure-skip-verify',
    ];

    it.each([
      ['a bundle of cosign 3', ['sign'], [], SIGN_PREDICATE],
      ['an attestation of cosign 3', ['attest'], ['v1'], SLSA_V1_PREDICATE],
    ] as const)('%s, logged by Rekor v2', async (_, command, [predicate], predicateType) => {
      const place = newImage();
      const attested = predicate === undefined ? [] : predicateFlags(predicate);
      await cosign('cosign', [...command, ...rekorV2(), ...attested], place);
      const [stored] = await expectSigned(place, { kind: 'bundle', predicateType, identity: EMAIL });
      expect(stored?.artifactType).toBe(BUNDLE);
    });

    it.each([
      ['.sig of cosign 2', ['sign'], [], 'simple-signing', undefined],
      ['.att of cosign 2', ['attest'], ['v02'], 'envelope', SLSA_V02_PREDICATE],
      ['.att of cosign 2', ['attest'], ['v1'], 'envelope', SLSA_V1_PREDICATE],
    ] as const)('%s, logged by Rekor v1', async (_, command, [predicate], kind, predicateType) => {
      const place = newImage();
      const attested = predicate === undefined ? [] : predicateFlags(predicate);
      await cosign('cosign-v2', [...command, ...rekorV1(), ...attested], place);
      await expectSigned(place, { kind, predicateType, identity: EMAIL });
    });

    it('with a timestamp beside the entry of Rekor v1', async () => {
      for (const [command, kind] of [
        ['sign', 'simple-signing'],
        ['attest', 'envelope'],
      ] as const) {
        const place = newImage();
        const attested = command === 'attest' ? predicateFlags('v1') : [];
        const timestamped = `--timestamp-server-url=${stack.timestampUrl}`;
        await cosign('cosign-v2', [command, timestamped, ...rekorV1(), ...attested], place);
        await expectSigned(place, { kind, identity: EMAIL });
      }
    });

    it('is nothing under another trusted root', async () => {
      const place = newImage();
      await cosign('cosign', ['sign', ...rekorV2()], place);
      const verifier = await openVerifier({ trust: { kind: 'shipped' }, keys: [] }, parts(), signal);
      for (const { signature } of await readAll(place)) {
        expect(await verifier.verify(signature, signal)).toMatchObject({ kind: 'refused' });
      }
    });
  });
});

function path(name: string): string {
  return join(directory, name);
}

function predicateFlags(predicate: 'v02' | 'v1'): string[] {
  const type = predicate === 'v02' ? 'slsaprovenance02' : 'slsaprovenance1';
  return [`--type=${type}`, `--predicate=${path(predicate)}`];
}

function newImage(): Place {
  const content = image({ seed: `image ${++images}` });
  push(registry, `app-${images}`, content);
  return { name: `${registry.host}/app-${images}`, digest: content.manifest.digest };
}

function parts() {
  return { runtime, env: {}, log: { write: () => {} } };
}

function openRuntimeForTest(): Runtime {
  const given = parseCommandLine('cip', ['verify', '-manifest=x']);
  const options = verify.parse({ ...given, program: 'cip', env: {} });
  return openRuntime({ options, ...parts(), secrets: new Secrets(), clock: systemClock });
}

function verifierOf(keys: readonly string[] = []): Promise<SignatureVerifier> {
  const trust = { kind: 'file', path: stack.trustedRoot } as const;
  return openVerifier({ trust, keys: keys.map(path) }, parts(), signal);
}

interface Read {
  readonly artifactType: string;
  readonly signature: StoredSignature;
}

/** Every signature beside an image: those of cosign's tags and of referrers. */
async function readAll({ name, digest }: Place, payloads?: ReadonlyMap<Digest, Uint8Array>): Promise<Read[]> {
  const client = clientForTest({ clock: systemClock });
  const referrers = (await client.registry.referrers(repository(name), digest, signal)) ?? [];
  const found = referrers.map(({ digest, artifactType }) => ({ digest, artifactType }));
  for (const suffix of ['sig', 'att']) {
    const named = tag(`${digest.replace(':', '-')}.${suffix}`);
    const tagged = await client.registry.resolve(repository(name), named, signal);
    if (tagged !== undefined) found.push({ digest: tagged, artifactType: '' });
  }
  const read: Read[] = [];
  for (const { digest: attachment, artifactType } of found) {
    const manifest = await client.registry.fetchManifest(repository(name), attachment, signal);
    if (manifest === undefined) throw new Error(`${attachment} is missing`);
    const request = { repository: repository(name), manifest, ...(payloads && { payloads }) };
    const { signatures } = await readSignatures(client.registry, request, signal);
    read.push(...signatures.map((signature) => ({ artifactType, signature })));
  }
  return read;
}

/** Expects one verified signature of this image. */
async function expectSigned(
  place: Place,
  expected: { kind: StoredSignature['kind']; predicateType?: string | undefined; identity: string },
): Promise<Read[]> {
  const read = await readAll(place);
  expect(read.map(({ signature }) => signature.kind)).toEqual([expected.kind]);
  const isByKey = expected.identity === 'key';
  const verifier = await verifierOf(isByKey ? ['other.pub', 'key.pub'] : []);
  for (const { signature } of read) {
    expect(await verifier.verify(signature, signal)).toMatchObject({
      kind: 'verified',
      signature: {
        subjects: [place.digest],
        signer: isByKey
          ? { kind: 'key' }
          : { kind: 'certificate', identity: expected.identity, issuer: stack.issuer.url },
        ...(expected.predicateType && { statement: { predicateType: expected.predicateType } }),
      },
    });
  }
  return read;
}

/** Throws unless cosign ends with 0. */
async function cosign(
  tool: ToolName,
  args: readonly string[],
  place?: Place,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const surroundings = {
    COSIGN_PASSWORD: 'a password',
    SIGSTORE_ROOT_FILE: stack.fulcioChain,
    SIGSTORE_REKOR_PUBLIC_KEY: stack.rekorV1Key,
    TUF_ROOT: path('tuf'),
    ...env,
  };
  const target = place && ['--yes', '--allow-http-registry', `${place.name}@${place.digest}`];
  await runTool(tool, [...args, ...(target ?? [])], { env: surroundings });
}
