import { describe, expect, it, onTestFinished } from 'vitest';
import { image, layer, push } from '../builders/images.ts';
import { availableRegistries, startRealRegistry } from '../doubles/real-registries.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { holdingProxy } from './holding-proxy.ts';
import { embedded, manifestFlag } from './staging.ts';

const MIB = 1024 * 1024;
const LARGE = layer('broken off', 4 * MIB);
const CONTENT = image({ seed: 'broken off', layers: [LARGE, layer('small')] });

const WHOLE = `PUT ${4 * MIB}`;
/** What goes over the wire of the large blob, by what a registry makes of an upload that was cut after 3 MiB. */
const SENT = {
  'distribution-2.8': [WHOLE, WHOLE], // it gives such an upload up
  'distribution-3': [WHOLE, `PATCH ${MIB}`],
  crane: [WHOLE, WHOLE], // it does not tell
  zot: expect.arrayContaining([WHOLE]), // not tried
};

describe('an upload that breaks off on its way', () => {
  it.each(availableRegistries())('to %s ends whole, and the source is read once', async (kind) => {
    const source = await embedded();
    const other = await embedded();
    const registry = await startRealRegistry(kind);
    onTestFinished(() => registry.stop());
    const proxy = await holdingProxy(registry.host);
    const digest = push(source, 'staging/app', CONTENT);
    const flag = await manifestFlag({
      from: `${source.host}/staging`,
      to: [`${proxy.host}/prod`, `${other.host}/prod`],
      images: { app: { [digest]: ['v1'] } },
    });
    proxy.cut(new RegExp(`^P(?:UT|ATCH) .*digest=${LARGE.digest}`), 3 * MIB);
    const { status, stderr, report } = await runWithReport([flag, '-confirm']);

    expect(status, stderr).toBe(0);
    expect(report.summary).toMatchObject({ copied: 2, failed: 0 });
    expect(report.hosts[proxy.host]?.interrupted).toBe(1);
    const large = proxy.bodies.filter((body) => Number(body.split(' ')[1]) >= MIB);
    expect(large).toEqual(SENT[kind]);
    const reads = source.requests.filter(({ kind: what }) => what === 'blob-get');
    expect(reads).toHaveLength(CONTENT.blobs.length);
    const answer = await fetch(`http://${registry.host}/v2/prod/app/blobs/${LARGE.digest}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(LARGE.bytes)).toBe(true);
  });
});
