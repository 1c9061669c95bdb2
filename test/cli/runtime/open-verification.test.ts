import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openVerification } from '../../../src/cli/runtime/open-verification.ts';
import type { PromoterManifest } from '../../../src/manifest/model.ts';
import { clientForTest, quiet } from '../../adapters/oci/client.ts';
import { from } from '../../builders/manifests.ts';
import { testdir } from '../../builders/testdir.ts';
import { policy, rule, STAGING } from '../../checks/signatures/verifying.ts';

const MANIFEST = from('s.io/staging').to('p.io/prod').promote({});
const SHIPPED = { trust: { kind: 'shipped' }, keys: [] } as const;

async function open(
  manifests: readonly PromoterManifest[],
  options: Partial<Parameters<typeof openVerification>[1]['options']> = {},
) {
  const lines: string[] = [];
  const parts = {
    options: { verifier: SHIPPED, signer: undefined, ...options },
    client: clientForTest(),
    env: {},
    log: { write: (_level: string, message: string) => void lines.push(message) },
    runtime: { openFetch: () => Promise.reject(new Error('no request is expected')) },
  };
  return { verification: await openVerification(manifests, parts, quiet()), lines };
}

function spki(): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function pkcs1(): string {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
}

describe('a run verifies', () => {
  it.each([
    ['nothing without a policy and flags', MANIFEST],
    [
      'nothing by a policy that is off',
      { ...MANIFEST, provenance: { mode: 'off', at: MANIFEST.source.at } as const },
    ],
  ])('%s', async (_what, manifest) => {
    expect((await open([manifest])).verification).toBeUndefined();
  });

  it.each([
    ['signers', STAGING],
    ['keys', rule(`key::${spki()}`)],
  ])('by the %s of a policy', async (_what, signer) => {
    const manifest = { ...MANIFEST, signatures: policy('warn', { signers: [signer] }) };
    const { verification, lines } = await open([manifest]);
    expect(verification?.rules.map(({ name }) => name)).toEqual(['signatures', 'provenance']);
    expect(lines).toEqual([]);
  });

  it('by the certificate flags', async () => {
    const exact = (text: string) => ({ kind: 'exact', text }) as const;
    const signer = { issuer: exact('https://i'), identity: exact('a') };
    expect((await open([MANIFEST], { signer })).verification).toBeDefined();
  });

  it.each([
    ['several keys', () => `${spki()}${spki()}`],
    ['a key in PKCS#1', pkcs1],
  ])('by the files of -signature-key: %s', async (_what, pem) => {
    const directory = await testdir({ 'cosign.pub': pem() });
    const verifier = { ...SHIPPED, keys: [join(directory, 'cosign.pub')] };
    expect((await open([MANIFEST], { verifier })).verification).toBeDefined();
  });
});

it('refuses an expression that is not RE2', async () => {
  const signer = {
    issuer: { kind: 'exact', text: 'https://i' },
    identity: { kind: 'expression', text: '(a' },
  } as const;
  await expect(open([MANIFEST], { signer })).rejects.toThrow(/"\(a" is not RE2/);
});
