import { describe, expect, it } from 'vitest';
import type { FaultAct } from '../../../../../src/embedded-registry/server/faults.ts';
import type { Descriptor } from '../../../../../src/image/descriptor.ts';
import { layer } from '../../../../builders/images.ts';
import { FakeClock } from '../../../../doubles/fake-clock.ts';
import { rawAnswer, scriptedServer } from '../../../../doubles/scripted-server.ts';
import { clientForTest, embeddedForTest, quiet, registryErrorOf, repositoryAt, until } from '../../client.ts';

const SMALL = layer('checked', 3000);
/** More than is read at once. */
const LARGE = layer('checked large', 700 * 1024);
const ALWAYS = Number.POSITIVE_INFINITY;

function descriptorOf({ digest, bytes, mediaType }: typeof SMALL): Descriptor {
  return { digest, mediaType, size: bytes.length };
}

/** What is said of a blob whose GET has a fault, by its end and by all of it; how long was waited. */
async function check(blob: typeof SMALL, act: FaultAct, times = ALWAYS) {
  const found: Record<string, string> = {};
  const clock = new FakeClock();
  for (const extent of ['end', 'whole'] as const) {
    const registry = await embeddedForTest();
    registry.store.putBlob('app', blob.bytes, blob.digest);
    registry.addFault({ kind: 'blob-get', times, act });
    const client = clientForTest({ clock });
    const place = repositoryAt(registry, 'app');
    found[extent] = await client.registry.checkBlob(place, { blob: descriptorOf(blob), extent }, quiet());
  }
  return { ...found, waits: clock.waits.length };
}

describe.each([
  ['a small blob', SMALL],
  ['a large blob', LARGE],
])('%s', (_, blob) => {
  it.each<[string, FaultAct, unknown]>([
    [
      'whose bytes do not come',
      { kind: 'reset-mid-body', fraction: 0 },
      { end: 'damaged', whole: 'damaged' },
    ],
    ['of which a part is left', { kind: 'truncate', fraction: 0.5 }, { end: 'damaged', whole: 'damaged' }],
    ['of which nothing is left', { kind: 'short-body', fraction: 0 }, { end: 'damaged', whole: 'damaged' }],
    ['that has a wrong bit', { kind: 'flip-bit' }, { end: 'sound', whole: 'damaged' }],
    ['that its storage fails with', { kind: 'status', status: 500 }, { end: 'damaged', whole: 'damaged' }],
    ['that is not there', { kind: 'status', status: 404 }, { end: 'missing', whole: 'missing' }],
  ])('%s is told as such', async (_what, act, expected) => {
    const { waits, ...found } = await check(blob, act);
    expect(found).toEqual(expected);
    if (act.kind !== 'status') expect(waits).toBe(0); // what is damaged is not waited for
  });

  it('that breaks off once is read again', async () => {
    expect(await check(blob, { kind: 'reset-mid-body', fraction: 0 }, 1)).toMatchObject({ whole: 'sound' });
  });
});

describe('a check of a blob', () => {
  it('reads one byte of it, the last one', async () => {
    const registry = await embeddedForTest();
    registry.store.putBlob('app', LARGE.bytes, LARGE.digest);
    const { registry: client, traffic } = clientForTest();
    const place = repositoryAt(registry, 'app');
    await client.checkBlob(place, { blob: descriptorOf(LARGE), extent: 'end' }, quiet());
    expect(registry.requests).toHaveLength(1);
    expect(traffic.hosts().get(registry.host)?.bytesIn).toBe(1);
  });

  it('believes a registry that knows no ranges for the length that it promises', async () => {
    const path = `/v2/app/blobs/${SMALL.digest}`;
    const server = await scriptedServer([
      { request: `GET ${path}`, answer: { status: 200, body: SMALL.bytes } },
      { request: `GET ${path}`, answer: { status: 200, body: SMALL.bytes.subarray(1) } },
    ]);
    const { registry } = clientForTest();
    const ask = () =>
      registry.checkBlob(repositoryAt(server, 'app'), { blob: descriptorOf(SMALL), extent: 'end' }, quiet());
    expect(await ask()).toBe('sound');
    expect(await ask()).toBe('damaged');
  });

  it.each(['end', 'whole'] as const)('says nothing of a registry that is away, by the %s', async (extent) => {
    const registry = await embeddedForTest();
    registry.addFault({ times: ALWAYS, act: { kind: 'reset' } });
    const { registry: client } = clientForTest();
    const asked = client.checkBlob(
      repositoryAt(registry, 'app'),
      { blob: descriptorOf(SMALL), extent },
      quiet(),
    );
    expect(await registryErrorOf(asked)).toMatchObject({ code: 'unreachable' });
  });

  it.each<[string, readonly string[], unknown]>([
    ['has another status', ['HTTP/1.1 203 OK', 'content-length: 1000000'], 'error'],
    ['is longer than a byte', ['HTTP/1.1 206 Partial Content', 'content-length: 1000000'], 'damaged'],
  ])('closes an answer that %s', async (_what, headers, expected) => {
    const answer = { raw: rawAnswer(headers, 'xx'), ending: 'open' } as const;
    const server = await scriptedServer([{ request: `GET /v2/app/blobs/${SMALL.digest}`, answer }]);
    const asked = clientForTest().registry.checkBlob(
      repositoryAt(server, 'app'),
      { blob: descriptorOf(SMALL), extent: 'end' },
      quiet(),
    );
    expect(await asked.catch(() => 'error')).toBe(expected);
    await until(() => server.connections === 0);
  });
});
