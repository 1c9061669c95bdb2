import { beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedRegistryOptions } from '../../../src/embedded-registry/embedded-registry.ts';
import { type Content, multiArch } from '../../builders/images.ts';
import { createSigstore, type Sigstore } from '../../doubles/sigstore.ts';
import { slsaV1 } from '../../signature/policy/evidence-builders.ts';
import { type Policies, policy, PROVENANCE, SIGN, STAGING, Staging } from './verifying.ts';

const INDEX = multiArch('index', { platforms: 3 });
const [CHILD = INDEX] = INDEX.children;
const SIGNED: Policies = { signatures: policy('require', { signers: [STAGING] }) };
const WARNED: Policies = { signatures: policy('warn', { signers: [STAGING] }) };
const BUILT: Policies = { provenance: policy('require', PROVENANCE) };

let sigstore: Sigstore;
beforeAll(async () => {
  sigstore = await createSigstore();
});

async function open(options?: EmbeddedRegistryOptions): Promise<Staging> {
  const staging = await Staging.open(sigstore, options);
  staging.push(INDEX);
  return staging;
}

function verified(staging: Staging, policies: Policies = {}, flags = {}) {
  const manifest = staging.manifest({ app: { [INDEX.manifest.digest]: ['v1'] } }, policies);
  return staging.verify([manifest], flags);
}

const digestsOf = (...contents: readonly Content[]) =>
  new Set(contents.map(({ manifest }) => manifest.digest));

describe('the accepted attachments of a child of an index', () => {
  it.each<[string, Policies, object]>([
    ['a policy', SIGNED, {}],
    ['a policy that only warns', WARNED, {}],
    ['flags', {}, { signers: [STAGING] }],
  ])('are those that %s accepts, as for the index', async (_what, policies, flags) => {
    const staging = await open();
    await staging.attest(INDEX, SIGN);
    const [bundle, tag] = [await staging.attest(CHILD, SIGN), await staging.sign(CHILD)];
    const other = await staging.staff('somebody@example.com');
    await staging.attest(CHILD, { ...SIGN, predicate: { by: 'somebody' } }, { by: other });
    const { acceptedOf, findings } = await verified(staging, policies, flags);
    expect(findings).toEqual([]);
    expect(await acceptedOf(INDEX, CHILD)).toEqual(digestsOf(bundle, tag));
  });

  it('are bundles that name the index and its children', async () => {
    const staging = await open();
    const about = [INDEX, ...INDEX.children];
    const [own, ofChild] = [
      await staging.attest(INDEX, SIGN, { about }),
      await staging.attest(CHILD, SIGN, { about, at: CHILD }),
    ];
    const { acceptedOf } = await verified(staging, SIGNED);
    expect(await acceptedOf(INDEX)).toEqual(digestsOf(own));
    expect(await acceptedOf(INDEX, CHILD)).toEqual(digestsOf(ofChild));
  });

  it('are no signatures of another image', async () => {
    const staging = await open();
    await staging.attest(INDEX, SIGN);
    await staging.attest(CHILD, SIGN, { about: [INDEX], at: CHILD });
    const { acceptedOf } = await verified(staging, SIGNED);
    expect(await acceptedOf(INDEX, CHILD)).toEqual(new Set());
  });

  it('are none if the index violates a policy that only warns', async () => {
    const staging = await open();
    await staging.attest(CHILD, SIGN);
    const { acceptedOf, findings } = await verified(staging, WARNED);
    expect(findings).toMatchObject([{ level: 'warn' }]);
    expect(await acceptedOf(INDEX, CHILD)).toEqual(new Set());
  });

  it('are unknown, not none, if a policy that only warns has no answer for the index', async () => {
    const staging = await open();
    const bundle = await staging.attest(INDEX, SIGN);
    await staging.attest(CHILD, SIGN);
    const path = new RegExp(bundle.manifest.digest);
    staging.registry.addFault({ path, times: 99, act: { kind: 'status', status: 403 } });
    const { acceptedOf } = await verified(staging, WARNED);
    expect(await acceptedOf(INDEX, CHILD)).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringMatching(new RegExp(`staging/app@${INDEX.manifest.digest}: GET .* 403`)),
    });
  });

  it('are provenance, whether the index has its own or is judged by its platforms', async () => {
    for (const subjects of [[INDEX, CHILD], INDEX.children]) {
      const staging = await open();
      const attested = new Map<Content, Content>();
      for (const subject of subjects) attested.set(subject, await staging.attest(subject, slsaV1()));
      const { acceptedOf, findings } = await verified(staging, BUILT);
      expect(findings).toEqual([]);
      expect(await acceptedOf(INDEX, CHILD)).toEqual(digestsOf(attested.get(CHILD) ?? INDEX));
    }
  });

  it('are unknown if the registry fails', async () => {
    const staging = await open();
    await staging.attest(INDEX, SIGN);
    const bundle = await staging.attest(CHILD, SIGN);
    const { acceptedOf } = await verified(staging, SIGNED);
    const path = new RegExp(bundle.manifest.digest);
    staging.registry.addFault({ path, times: 99, act: { kind: 'status', status: 403 } });
    expect(await acceptedOf(INDEX, CHILD)).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringMatching(new RegExp(`staging/app@${CHILD.manifest.digest}: GET .* 403`)),
    });
  });

  it.each<[string, Policies, object]>([
    ['a policy', SIGNED, {}],
    ['flags', {}, { signers: [STAGING] }],
  ])(
    'are unknown if one of them cannot be read, though %s accepts another',
    async (_what, policies, flags) => {
      const staging = await open();
      await staging.attest(INDEX, SIGN);
      await staging.attest(CHILD, SIGN);
      const { blobs } = await staging.sign(CHILD);
      const path = new RegExp(blobs.at(-1)?.digest ?? '');
      staging.registry.addFault({ path, times: 99, act: { kind: 'status', status: 403 } });
      const { acceptedOf } = await verified(staging, policies, flags);
      expect(await acceptedOf(INDEX, CHILD)).toMatchObject({
        kind: 'unreadable',
        reason: expect.stringMatching(new RegExp(`staging/app@${CHILD.manifest.digest}: GET .* 403`)),
      });
    },
  );

  it('take no request for what the check of the index has read', async () => {
    const staging = await open();
    await staging.attest(INDEX, SIGN);
    const { acceptedOf } = await verified(staging, SIGNED);
    const before = staging.registry.requests.length;
    await acceptedOf(INDEX);
    expect(staging.registry.requests.length).toBe(before);
  });
});
