// Covers src/copy/carry/attachment-closure.ts
// Covers src/copy/carry/carried.ts
// Covers src/copy/carry/complete-attachments.ts
// Covers src/copy/carry/selection.ts
// Covers src/report/attachment-findings.ts

import { describe, expect, it } from 'vitest';
import { cosignTagOf, referrersTagOf } from '../../../src/image/attachment-tags.ts';
import type { EmbeddedRegistryOptions } from '../../../src/embedded-registry/embedded-registry.ts';
import { OCI_INDEX } from '../../../src/image/media-types.ts';
import type { Acceptance } from '../../../src/copy/carry/selection.ts';
import { renderMarkdown } from '../../../src/report/render-markdown.ts';
import { verdictOf } from '../../../src/report/summary/verdict.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { attach, bundle, pushCosign, referrersIndex } from '../../builders/attachments.ts';
import { artifact, type Content, image, manifestsOf, multiArch, push } from '../../builders/images.ts';
import { ALL, carry, digestsIn, SIGNATURES } from './carrying.ts';

const APP = multiArch('app', { platforms: 2 });
const [CHILD = APP] = APP.children;
const BUNDLE = bundle('of the image', APP);
const OF_CHILD = bundle('of a child', CHILD);
const OF_BUNDLE = bundle('of a bundle', BUNDLE);
const SIGNATURE = artifact('signature');

/** How the source and the destination list referrers. */
const SIDES = [
  ['api', 'api'],
  ['api', 'fallback'],
  ['fallback', 'api'],
  ['fallback', 'fallback'],
] as const;

type Side = (typeof SIDES)[number][number];

function optionsOf(side: Side): EmbeddedRegistryOptions {
  return { referrers: side === 'api' };
}

/** Registries with an image that has attachments at its source. */
async function world(from: Side = 'api', to: Side = 'api', options: EmbeddedRegistryOptions = {}) {
  const source = await embeddedForTest({ ...optionsOf(from), ...options });
  const destination = await embeddedForTest(optionsOf(to));
  push(source, 'staging/app', APP);
  const attachTo = (subject: Content, ...referrers: readonly Content[]) => {
    if (from === 'fallback') attach(source, 'staging/app', subject, ...referrers);
    else for (const referrer of referrers) push(source, 'staging/app', referrer);
  };
  const digest = APP.manifest.digest;
  return { source, destination, attachTo, run: { source, destinations: [destination], digest } };
}

const digestOf = ({ manifest }: Content) => manifest.digest;

describe('attachments of an image', () => {
  it.each(SIDES)('are carried from a source with the %s to a destination with the %s', async (from, to) => {
    const { source, destination, attachTo, run } = await world(from, to);
    attachTo(APP, BUNDLE);
    attachTo(CHILD, OF_CHILD);
    attachTo(BUNDLE, OF_BUNDLE);
    const tag = cosignTagOf(digestOf(APP), 'sig');
    pushCosign(source, 'staging/app', { subject: APP, suffix: 'sig', content: SIGNATURE });
    const report = await carry(run);
    expect(report).toMatchObject({ summary: { copied: 1 }, attachments: { carried: 4, ignored: 0 } });
    expect(verdictOf(report, 0)).toContain('1 copied, 0 failed, 4 attachments carried (exit 0)');
    expect(renderMarkdown(report)).toContain('4 attachments carried');
    expect(destination.store.resolveTag('prod/app', tag)).toBe(digestOf(SIGNATURE));
    for (const [subject, referrer] of [
      [APP, BUNDLE],
      [CHILD, OF_CHILD],
      [BUNDLE, OF_BUNDLE],
    ] as const) {
      const index = destination.store.manifest('prod/app', referrersTagOf(digestOf(subject)));
      const listed =
        to === 'api'
          ? destination.store.referrers('prod/app', digestOf(subject)).map(({ digest }) => digest)
          : [referrersIndex([referrer.manifest]).digest];
      expect(listed).toEqual(to === 'api' ? [digestOf(referrer)] : [index?.digest]);
      expect(index === undefined).toBe(to === 'api');
    }
  });

  it('are there before its tag', async () => {
    const { source, destination, attachTo, run } = await world('fallback', 'fallback');
    attachTo(APP, BUNDLE);
    pushCosign(source, 'staging/app', { subject: APP, suffix: 'att', content: SIGNATURE });
    await carry(run);
    const puts = destination.requests.filter(({ kind }) => kind === 'manifest-put').map(({ path }) => path);
    expect(puts.at(-1)).toMatch(/v1$/);
    expect(puts).toHaveLength(2 + 1 + 1 + 1 + 1);
  });

  it('are listed in the order of the source, even if the first one is written last', async () => {
    const { source, attachTo, run } = await world('fallback');
    const bundles = [1, 2, 3].map((number) => bundle(`in order ${number}`, APP));
    attachTo(APP, ...bundles);
    const path = new RegExp(bundles[0]?.manifest.digest ?? '');
    const busy = { path, method: 'PUT', times: 2, act: { kind: 'status', status: 503 } } as const;
    const destination = await embeddedForTest({ referrers: false, faults: [busy] });
    await carry({ ...run, destinations: [destination] });
    const tag = referrersTagOf(digestOf(APP));
    const index = destination.store.manifest('prod/app', tag);
    expect(index?.digest).toBe(source.store.manifest('staging/app', tag)?.digest);
  });

  it('are signatures and attestations by default, everything on demand, or those of some types', async () => {
    const sbom = artifact('sbom', { subject: APP, artifactType: 'application/spdx+json' });
    const marker = artifact('marker', { subject: APP, artifactType: 'application/vnd.vendor.eol' });
    const carriedWith = async (selection = SIGNATURES) => {
      const { destination, attachTo, run } = await world('fallback', 'api');
      attachTo(APP, BUNDLE, sbom, marker);
      await carry({ ...run, selection });
      const all = [BUNDLE, sbom, marker].filter((one) =>
        digestsIn(destination, 'prod/app').includes(digestOf(one)),
      );
      return all.map((one) => ['bundle', 'sbom', 'marker'][[BUNDLE, sbom, marker].indexOf(one)]);
    };
    expect(await carriedWith()).toEqual(['bundle']);
    expect(await carriedWith(ALL)).toEqual(['bundle', 'sbom', 'marker']);
    expect(await carriedWith({ mode: 'all', types: ['application/SPDX*'] })).toEqual(['sbom']);
    const accepted = { at: () => Promise.resolve(new Set([digestOf(BUNDLE), digestOf(sbom)])) };
    expect(await carriedWith({ mode: 'accepted', types: [], accepted })).toEqual(['bundle']);
    expect(await carriedWith({ mode: 'accepted', types: [] })).toEqual([]);
  });

  it('are those that verification accepts, of each manifest of the image', async () => {
    const { destination, attachTo, run } = await world();
    attachTo(APP, BUNDLE);
    attachTo(CHILD, OF_CHILD);
    attachTo(BUNDLE, OF_BUNDLE);
    const accepting = new Map([
      [digestOf(APP), BUNDLE],
      [digestOf(CHILD), OF_CHILD],
    ]);
    const at: Acceptance['at'] = ({ image: of, subject }) => {
      const one = of === digestOf(APP) ? accepting.get(subject) : undefined;
      return Promise.resolve(new Set(one && [digestOf(one)]));
    };
    const selection = { mode: 'accepted', types: [], accepted: { at } } as const;
    expect((await carry({ ...run, selection })).attachments).toMatchObject({ carried: 2 });
    const carried = digestsIn(destination, 'prod/app');
    expect(carried).toEqual(expect.arrayContaining([digestOf(BUNDLE), digestOf(OF_CHILD)]));
    expect(carried).not.toContain(digestOf(OF_BUNDLE));
  });

  it('fail their image if verification has no answer for a child of it', async () => {
    const { attachTo, run } = await world();
    attachTo(CHILD, OF_CHILD);
    const accepted = { at: () => Promise.resolve({ kind: 'unreadable', reason: 'GET x: 503' } as const) };
    const report = await carry({ ...run, selection: { mode: 'accepted', types: [], accepted } });
    expect(report.summary).toMatchObject({ copied: 0, failed: 1 });
    expect(report.items[0]?.reason).toMatch(/^attachments not copied: GET x: 503 \(-carry=none /);
  });

  it('are not read where their type is not wanted', async () => {
    const { source, run, attachTo } = await world('fallback');
    attachTo(APP, ...Array.from({ length: 30 }, (_, number) => artifact(`junk ${number}`, { subject: APP })));
    await carry(run);
    expect(source.requests.filter(({ kind }) => kind === 'manifest-get')).toHaveLength(1 + 2 + 1);
  });
});

describe('attachments that are broken', () => {
  it('are ignored and reported, and the image is promoted', async () => {
    const { source, destination, attachTo, run } = await world('fallback');
    const lying = bundle('lying', image({ seed: 'other' }));
    attachTo(APP, BUNDLE, lying);
    source.store.deleteBlob('staging/app', BUNDLE.blobs[1]?.digest ?? digestOf(APP));
    const report = await carry(run);
    expect(report).toMatchObject({
      summary: { copied: 1, failed: 0 },
      attachments: { carried: 0, ignored: 2 },
    });
    expect(report.findings).toMatchObject([
      { rule: 'attachments', level: 'warn', message: expect.stringContaining('it cannot be copied: ') },
      {
        rule: 'attachments',
        level: 'warn',
        message: expect.stringContaining('its subject is another digest'),
      },
    ]);
    const place = `of ${source.host}/staging/app@${digestOf(APP)} ignored`;
    for (const { message } of report.findings) expect(message).toContain(place);
    expect(report.findings[0]?.edges).toEqual([`${destination.host}/prod/app:v1`]);
    expect(destination.store.resolveTag('prod/app', 'v1')).toBe(digestOf(APP));
  });

  it('are bounded in number', async () => {
    const { source, run } = await world('fallback');
    const manifests = Array.from({ length: 10_000 }, (_, number) => ({
      mediaType: OCI_INDEX,
      digest: `sha256:${number.toString(16).padStart(64, '0')}`,
      size: 100,
      artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    }));
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
    source.store.putManifest('staging/app', referrersTagOf(digestOf(APP)), OCI_INDEX, index);
    const report = await carry(run);
    expect(report.summary).toMatchObject({ copied: 1, failed: 0 });
    expect(report.findings.map(({ message }) => message.replace(/^.* ignored: /, ''))).toEqual([
      'it is listed, but does not exist',
      '9000 are over the limit of 1000 attachments of an image',
    ]);
    expect(source.requests.length).toBeLessThan(1_100);
  });

  it('may lead back to their image through tags of cosign', async () => {
    const { source, destination, run } = await world();
    pushCosign(source, 'staging/app', { subject: APP, suffix: 'sig', content: SIGNATURE });
    pushCosign(source, 'staging/app', { subject: SIGNATURE, suffix: 'sig', content: APP });
    const report = await carry(run);
    expect(report).toMatchObject({ summary: { copied: 1 }, attachments: { carried: 1, ignored: 1 } });
    expect(report.findings[0]?.message).toContain('it is attached to itself, or to its own attachments');
    expect(destination.store.resolveTag('prod/app', cosignTagOf(digestOf(SIGNATURE), 'sig'))).toBeUndefined();
  });

  it('over the limit of bytes are left behind', async () => {
    const { source, run } = await world();
    const { mediaType } = BUNDLE.manifest;
    const huge = Buffer.from(BUNDLE.manifest.bytes)
      .toString()
      .replace('"size":300', `"size":${2 ** 31}`);
    source.store.putManifest('staging/app', 'huge', mediaType, Buffer.from(huge));
    const report = await carry(run);
    expect(report.findings[0]?.message).toContain('it has 2147483650 bytes, and the limit is 1073741824');
  });
});

describe('a registry that fails while attachments are carried', () => {
  it.each([
    ['its list of tags', /staging\/app\/tags\/list/],
    ['its referrers', /staging\/app\/referrers/],
  ])('fails the edges of the image: the source with %s', async (_what, path) => {
    const act = { kind: 'status', status: 503 } as const;
    const { destination, run } = await world('api', 'api', {
      faults: [{ method: 'GET', path, act, times: Infinity }],
    });
    const report = await carry(run);
    expect(report.summary).toMatchObject({ copied: 0, failed: 1 });
    const [item] = report.items;
    expect(item?.reason).toMatch(/^attachments not copied: .*503.*-carry=none promotes without attachments/);
    expect(item?.cause).toBeDefined();
    expect(destination.store.resolveTag('prod/app', 'v1')).toBeUndefined();
  });
});

describe('a destination that has content already', () => {
  it('keeps its tag of cosign, and the difference is reported', async () => {
    const { source, destination, run } = await world();
    pushCosign(source, 'staging/app', { subject: APP, suffix: 'sig', content: SIGNATURE });
    const other = artifact('other signature');
    pushCosign(destination, 'prod/app', { subject: APP, suffix: 'sig', content: other });
    const report = await carry(run);
    const tag = cosignTagOf(digestOf(APP), 'sig');
    expect(destination.store.resolveTag('prod/app', tag)).toBe(digestOf(other));
    expect(report).toMatchObject({ summary: { copied: 1 }, attachments: { carried: 0, ignored: 1 } });
    expect(report.findings[0]?.message).toContain(
      `the destination has other content under ${tag}, which is never overwritten`,
    );
  });

  it('gets the entries that its index of referrers lacks, and keeps the others', async () => {
    const { destination, attachTo, run } = await world('api', 'fallback');
    const own = bundle('of the destination', APP);
    attach(destination, 'prod/app', APP, own);
    attachTo(APP, BUNDLE);
    await carry(run);
    const index = destination.store.manifest('prod/app', referrersTagOf(digestOf(APP)));
    expect(JSON.parse(Buffer.from(index?.bytes ?? []).toString())).toMatchObject({
      manifests: [{ digest: digestOf(own) }, { digest: digestOf(BUNDLE) }],
    });
  });

  it.each(SIDES)('is completed by a run that is limited to changes: %s, %s', async (from, to) => {
    const { source, destination, attachTo, run } = await world(from, to);
    push(destination, 'prod/app', APP, 'v1');
    attachTo(APP, BUNDLE);
    attachTo(CHILD, OF_CHILD);
    pushCosign(source, 'staging/app', { subject: APP, suffix: 'sig', content: SIGNATURE });
    expect((await carry(run)).attachments).toBeUndefined();
    const limited = { ...run, isLimited: true };
    const before = manifestsOf(APP).length;
    expect((await carry({ ...limited, confirm: false })).attachments).toMatchObject({
      carried: 0,
      planned: 3,
    });
    expect(digestsIn(destination, 'prod/app')).toHaveLength(before);
    expect((await carry(limited)).attachments).toMatchObject({ carried: 3, planned: 0 });
    expect(digestsIn(destination, 'prod/app')).toHaveLength(before + 3 + (to === 'api' ? 0 : 2));
    expect((await carry(limited)).attachments).toBeUndefined();
  });

  it('is completed by a run over everything with the scope `all`', async () => {
    const { destination, attachTo, run } = await world();
    push(destination, 'prod/app', APP, 'v1');
    attachTo(APP, BUNDLE);
    const all = { ...run, selection: { mode: 'signatures', types: [], scope: 'all' } } as const;
    expect((await carry({ ...all, confirm: false })).attachments).toMatchObject({ carried: 0, planned: 1 });
    expect((await carry(all)).attachments).toMatchObject({ carried: 1 });
    expect((await carry(all)).attachments).toBeUndefined();
  });

  it('counts an attachment once where one tag is there and another one is added', async () => {
    const { destination, attachTo, run } = await world();
    push(destination, 'prod/app', APP, 'v1');
    attachTo(APP, BUNDLE);
    const limited = { ...run, tags: ['v1', 'v2'], isLimited: true };
    expect((await carry({ ...limited, confirm: false })).attachments).toMatchObject({ planned: 1 });
    expect((await carry(limited)).attachments).toMatchObject({ carried: 1 });
  });

  it('is a finding with an error where it cannot be completed', async () => {
    const act = { kind: 'status', status: 503 } as const;
    const fault = { method: 'GET', path: /staging\/app\/referrers/, act, times: Infinity };
    const { destination, run } = await world('api', 'api', { faults: [fault] });
    push(destination, 'prod/app', APP, 'v1');
    const report = await carry({ ...run, isLimited: true });
    expect(report.findings).toMatchObject([
      {
        level: 'error',
        rule: 'attachments',
        message: expect.stringMatching(/^attachments not copied: .*503/),
      },
    ]);
  });
});
