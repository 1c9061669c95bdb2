import { describe, expect, it } from 'vitest';
import { cosignTagOf } from '../../../src/image/attachment-tags.ts';
import { parseJsonObject } from '../../../src/base/json.ts';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import { SIGN_PREDICATE } from '../../../src/signature/media-types.ts';
import { makeStatement } from '../../../src/signature/statement.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { attach, bundle, pushCosign } from '../../builders/attachments.ts';
import { artifact, type Content, image, multiArch, push } from '../../builders/images.ts';
import { KeySigner } from '../../doubles/key-signer.ts';
import { imageAt, signIn } from '../../sign/signing-world.ts';
import { storeBundle } from '../../system/sigstore/store-signatures.ts';
import { countKinds, writesOf } from '../../system/staging.ts';
import { digestsIn } from '../../copy/carry/carrying.ts';
import { checkIn } from './sigchecking.ts';

const INDEX = multiArch('app', { platforms: 3 });
const [CHILD = INDEX] = INDEX.children;
const OF_INDEX = bundle('of the index', INDEX);
const OF_CHILD = bundle('of a child', CHILD);
const SIGNATURE = artifact('signature');
const ALL = { legacy: true, attest: true };

const digestOf = ({ manifest }: Content) => manifest.digest;

/** A source whose image has attachments, and a production that has the image, signed by the promoter. */
async function world({ referrers = true, isSigned = true } = {}) {
  const [source, production] = [await embeddedForTest({ referrers }), await embeddedForTest({ referrers })];
  push(source, 'staging/app', INDEX, 'v1');
  push(production, 'app', INDEX, 'v1');
  for (const [subject, referrer] of [
    [INDEX, OF_INDEX],
    [CHILD, OF_CHILD],
  ] as const)
    if (referrers) push(source, 'staging/app', referrer);
    else attach(source, 'staging/app', subject, referrer);
  const signer = new KeySigner();
  if (isSigned) await signIn([imageAt(INDEX, production)], { signer, policy: ALL });
  for (const registry of [source, production]) registry.clearRequests();
  const check = (rest: object = {}) => checkIn([production], [INDEX], { expected: signer, source, ...rest });
  return { source, production, signer, check };
}

type Report = Awaited<ReturnType<typeof checkIn>>;
const decisionsOf = ({ items }: Report) => items.map(({ decision }) => decision);
const requestsOf = (registry: EmbeddedRegistry) => countKinds(registry);

describe('attachments of the source that a destination lacks', () => {
  it.each([true, false])('are found, carried, and then there (referrers API: %s)', async (referrers) => {
    const { source, production, signer, check } = await world({ referrers });
    const found = await check();
    expect(decisionsOf(found)).toEqual(['uncarried']);
    expect(found.items[0]).toMatchObject({
      missing: ['attachments'],
      reason: `2 attachments of ${source.host}/staging/app not carried`,
    });
    expect(found.attachments).toMatchObject({ carried: 0, planned: 2 });
    expect(writesOf(production)).toEqual([]);

    const repaired = await check({ signer });
    expect(decisionsOf(repaired)).toEqual(['repaired']);
    expect(repaired.attachments).toMatchObject({ carried: 2, planned: 0 });
    expect(repaired.summary).toMatchObject({ repaired: 1, uncarried: 0, made: 0 });
    expect(digestsIn(production, 'app')).toEqual(expect.arrayContaining([OF_INDEX, OF_CHILD].map(digestOf)));

    production.clearRequests();
    expect(decisionsOf(await check({ signer }))).toEqual(['signed']);
    expect(writesOf(production)).toEqual([]);
  });

  it('come before the signature: the tag .sig has both, and nothing is made that was carried', async () => {
    const { source, production, signer, check } = await world({ isSigned: false });
    pushCosign(source, 'staging/app', { subject: INDEX, suffix: 'sig', content: SIGNATURE });
    const subjects = [INDEX, ...INDEX.children].map((one) => ({ digest: digestOf(one) }));
    const own = await signer.signStatement(
      makeStatement(subjects, { predicateType: SIGN_PREDICATE, predicate: {} }),
    );
    for (const content of [INDEX, ...INDEX.children])
      storeBundle({ registry: source, repository: 'staging/app', image: content }, own, SIGN_PREDICATE);
    signer.log.length = 0;
    const report = await check({ signer, policy: { attest: false } });
    expect(decisionsOf(report)).toEqual(['repaired']);
    const sig = production.store.manifest('app', cosignTagOf(digestOf(INDEX), 'sig'));
    expect(parseJsonObject(sig?.bytes ?? Buffer.from('{}'))?.['layers']).toHaveLength(2);
    expect(report.summary.made).toBe(4); // the tags .sig of the index and its children
    expect(decisionsOf(await check({ policy: { attest: false } }))).toEqual(['signed']);
  });

  it('do not hide that the image is unsigned', async () => {
    const { check } = await world({ isSigned: false });
    const report = await check();
    expect(decisionsOf(report)).toEqual(['unsigned']);
    expect(report.items[0]?.reason).toMatch(/^no signature; .*; 2 attachments of .* not carried$/);
    expect(report.items[0]?.missing).toContain('attachments');
  });

  it('are those that the selection wants', async () => {
    const { source, check } = await world();
    push(source, 'staging/app', artifact('sbom', { subject: INDEX, artifactType: 'application/spdx+json' }));
    expect((await check()).attachments).toMatchObject({ planned: 2 });
    const selection = { mode: 'all', types: ['application/spdx*'] } as const;
    expect((await check({ selection })).attachments).toMatchObject({ planned: 1 });
  });
});

describe('a source', () => {
  it('that no longer has the image, or is not compared, leaves its destinations signed', async () => {
    const { check, source } = await world();
    expect(decisionsOf(await check({ source: undefined }))).toEqual(['signed']);
    const gone = await embeddedForTest();
    expect(decisionsOf(await check({ source: gone }))).toEqual(['signed']);
    expect(source.requests).toEqual([]);
  });

  it('that refuses to be read is a warning: staging is cleaned, production is checked', async () => {
    const { source, check } = await world();
    source.addFault({ path: /staging/, times: 999, act: { kind: 'status', status: 403 } });
    const report = await check();
    expect(decisionsOf(report)).toEqual(['signed']);
    const warning = `${source.host}/staging/app: the source refuses access, so its attachments are not compared`;
    expect(report.findings).toMatchObject([
      { rule: 'attachments', level: 'warn', message: expect.stringContaining(warning) },
    ]);
    expect(report.findings[0]?.edges).toHaveLength(1);
  });

  it('that fails is no answer: its images are unreadable', async () => {
    const { source, check } = await world();
    source.addFault({ path: /staging/, times: 999, act: { kind: 'status', status: 500 } });
    const report = await check();
    expect(decisionsOf(report)).toEqual(['unreadable']);
    expect(report.items[0]?.reason).toMatch(
      /^attachments not compared: .*\(-carry=none checks without them\)$/,
    );
    expect(report.causes).toMatchObject([{ host: source.host, edges: 1 }]);
  });

  it('that fails while it is carried leaves its images unreadable; a destination that takes nothing, uncarried', async () => {
    const { source, production, signer, check } = await world();
    production.addFault({ kind: 'manifest-put', times: 999, act: { kind: 'status', status: 405 } });
    const refused = await check({ signer });
    expect(decisionsOf(refused)).toEqual(['uncarried']);
    expect(refused.items[0]).toMatchObject({
      missing: ['attachments'],
      reason: expect.stringMatching(/^attachments not carried: PUT .*405/),
    });
    expect(refused.causes).toMatchObject([{ host: production.host, edges: 1 }]);
    source.addFault({ path: /staging/, times: 999, act: { kind: 'status', status: 500 } });
    expect(decisionsOf(await check({ signer }))).toEqual(['unreadable']);
  });

  it('is asked once for an image of many destinations, and they are asked nothing more', async () => {
    const { source, production } = await world({ isSigned: false });
    const regions = [production];
    for (let n = 0; n < 3; n++) {
      const region = await embeddedForTest({ referrers: true });
      push(region, 'app', INDEX, 'v1');
      regions.push(region);
    }
    const signer = new KeySigner();
    await signIn([imageAt(INDEX, ...regions)], { signer, policy: ALL });
    const counts = async (rest: object) => {
      for (const registry of [source, ...regions]) registry.clearRequests();
      await checkIn(regions, [INDEX], { expected: signer, ...rest });
      return [source, ...regions].map(requestsOf);
    };
    const [, ...without] = await counts({});
    const [ofSource, ...withCarry] = await counts({ source });
    const sum = (all: readonly Readonly<Record<string, number>>[]) =>
      all.flatMap((one) => Object.values(one)).reduce((a, b) => a + b, 0);
    expect(ofSource).toEqual({ 'manifest-get': 3, referrers: 6, tags: 1 });
    expect(sum(withCarry)).toBeLessThanOrEqual(sum(without));
  });
});

describe('carrying that is stopped', () => {
  it('leaves its images unchecked', async () => {
    const { check } = await world();
    const stopping = AbortSignal.abort();
    expect(decisionsOf(await check({ ports: { stopping } }))).toEqual(['not-checked']);
  });

  it('covers images apart: a damaged attachment is a warning', async () => {
    const { source, signer, check } = await world();
    source.store.deleteBlob('staging/app', OF_CHILD.blobs[1]?.digest ?? digestOf(image({ seed: 'x' })));
    const report = await check({ signer });
    expect(decisionsOf(report)).toEqual(['repaired']);
    expect(report.attachments).toMatchObject({ carried: 1, ignored: 1 });
    expect(report.findings).toMatchObject([{ rule: 'attachments', level: 'warn' }]);
  });
});
