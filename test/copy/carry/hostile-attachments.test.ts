import { describe, expect, it } from 'vitest';
import { referrersTagOf } from '../../../src/image/attachment-tags.ts';
import { parseReferences } from '../../../src/image/oci-manifest.ts';
import { embeddedForTest } from '../../adapters/oci/client.ts';
import { attach, bundle } from '../../builders/attachments.ts';
import { type Content, image, multiArch, push } from '../../builders/images.ts';
import { carry } from './carrying.ts';

const APP = multiArch('attacked', { platforms: 2 });
const DIGEST = APP.manifest.digest;

async function sourceWith(...referrers: readonly Content[]) {
  const source = await embeddedForTest({ referrers: false });
  push(source, 'staging/app', APP);
  attach(source, 'staging/app', APP, ...referrers);
  return source;
}

describe('attachments', () => {
  it('of two promotions at once are both listed by a registry without the API', async () => {
    const [one, other] = [bundle('one', APP), bundle('other', APP)];
    const destination = await embeddedForTest({ referrers: false });
    const run = async (referrer: Content) =>
      carry({ source: await sourceWith(referrer), destinations: [destination], digest: DIGEST });
    const reports = await Promise.all([run(one), run(other)]);
    for (const { summary } of reports) expect(summary).toMatchObject({ failed: 0 });
    const index = destination.store.manifest('prod/app', referrersTagOf(DIGEST));
    const listed = index === undefined ? [] : parseReferences(index).manifests.map(({ digest }) => digest);
    expect(new Set(listed)).toEqual(new Set([one.manifest.digest, other.manifest.digest]));
  });

  it('in a chain are carried to a depth of eight', async () => {
    const source = await embeddedForTest({ referrers: true });
    push(source, 'staging/app', APP);
    let subject: Content = APP;
    for (let depth = 0; depth < 12; depth++) {
      subject = bundle(`depth ${depth}`, subject);
      push(source, 'staging/app', subject);
    }
    const destination = await embeddedForTest();
    const report = await carry({ source, destinations: [destination], digest: DIGEST });
    expect(report).toMatchObject({
      summary: { copied: 1, failed: 0 },
      attachments: { carried: 8, ignored: 1 },
    });
    expect(report.findings[0]?.message).toContain('1 are over the limit of 8 levels');
  });

  it('take the waits of a registry that limits the rate, and are complete', async () => {
    const source = await sourceWith(bundle('limited', APP));
    const act = { kind: 'status', status: 429, headers: { 'retry-after': '1' } } as const;
    const destination = await embeddedForTest({
      referrers: false,
      faults: [
        { path: /blobs\/uploads/, method: 'POST', times: 3, act },
        { path: /manifests/, method: 'PUT', times: 3, act },
        { path: /manifests\/sha256-/, method: 'GET', times: 2, act },
      ],
    });
    const report = await carry({ source, destinations: [destination], digest: DIGEST });
    expect(report).toMatchObject({ summary: { copied: 1, failed: 0 }, attachments: { carried: 1 } });
  });

  it('are not taken to be none where a registry answers with a web page', async () => {
    const act = { kind: 'status', status: 200, body: '<html>' } as const;
    const source = await embeddedForTest({
      faults: [{ path: /referrers/, method: 'GET', times: Infinity, act }],
    });
    push(source, 'staging/app', APP);
    const destination = await embeddedForTest();
    const report = await carry({ source, destinations: [destination], digest: DIGEST });
    expect(report.summary).toMatchObject({ copied: 0, failed: 1 });
    expect(report.items[0]?.reason).toMatch(
      /^attachments not copied: GET .*the list of referrers is not a JSON object .*-carry=none/,
    );
    expect(destination.store.resolveTag('prod/app', 'v1')).toBeUndefined();
  });

  it('whose index has each entry many times are carried once', async () => {
    const one = bundle('repeated', APP);
    const source = await sourceWith(...Array.from({ length: 50 }, () => one));
    const destination = await embeddedForTest({ referrers: false });
    const report = await carry({ source, destinations: [destination], digest: DIGEST });
    expect(report).toMatchObject({ summary: { copied: 1 }, attachments: { carried: 1, ignored: 0 } });
  });

  it('that are images are carried with their layers', async () => {
    const source = await embeddedForTest();
    push(source, 'staging/app', APP);
    const attached = image({ seed: 'attached', layers: 2, subject: APP });
    push(source, 'staging/app', attached);
    const destination = await embeddedForTest();
    const run = { source, destinations: [destination], digest: DIGEST };
    const report = await carry({ ...run, selection: { mode: 'all', types: [] } });
    expect(report).toMatchObject({ summary: { copied: 1 }, attachments: { carried: 1 } });
    expect(destination.store.manifest('prod/app', attached.manifest.digest)).toBeDefined();
  });
});
