import { expect, it } from 'vitest';
import { type ExporterParts, OtlpExporter, type Span } from '../../../src/cli/telemetry/otlp-exporter.ts';
import type { HttpResponse } from '../../../src/http/request.ts';
import { VirtualClock } from '../../doubles/virtual-clock.ts';

/** An exporter whose collector is a function; records the number of spans of each request, and the warnings. */
function exporterTo(collector: (request: number) => Promise<Partial<HttpResponse>>) {
  const clock = new VirtualClock();
  const sizes: number[] = [];
  const warnings: string[] = [];
  const post: ExporterParts['post'] = async (spans) => {
    sizes.push(spans.length);
    const url = new URL('http://c');
    return { status: 200, headers: {}, body: new Uint8Array(), url, ...(await collector(sizes.length)) };
  };
  const log = { write: (_: unknown, message: string) => void warnings.push(message) };
  const exporter = new OtlpExporter({ post, clock, log });
  const add = (count: number) => {
    for (let number = 0; number < count; number++) exporter.add(span(number));
  };
  return { clock, sizes, warnings, exporter, add };
}

function span(number: number): Span {
  return {
    traceId: 'a',
    spanId: String(number),
    name: 'x',
    kind: 1,
    startTimeUnixNano: '1',
    endTimeUnixNano: '2',
    attributes: [],
    status: { code: 0 },
  };
}

const taken = async () => ({});
const never = () => new Promise<never>(() => {});

it('sends full batches while the run lasts, and the rest at its end', async () => {
  const { exporter, add, sizes, warnings } = exporterTo(taken);
  add(511);
  expect(sizes).toEqual([]);
  add(700);
  await exporter.close();
  expect({ sizes, warnings }).toEqual({ sizes: [512, 512, 187], warnings: [] });
});

it('drops spans while a collector is slow, with one warning', async () => {
  const { exporter, add, sizes, warnings, clock } = exporterTo(never);
  add(5000);
  await clock.until(exporter.close());
  expect(sizes).toEqual([512]);
  expect(warnings).toEqual([expect.stringContaining('too slow')]);
});

it('waits two seconds at the end, and no longer', async () => {
  const { exporter, add, warnings, clock } = exporterTo(never);
  add(1);
  const before = clock.monotonic();
  await clock.until(exporter.close());
  expect(clock.monotonic() - before).toBe(2000);
  expect(warnings).toEqual([expect.stringContaining('no response within 2 s')]);
});

it('warns once of a collector that is down, and does not wait for it at the end', async () => {
  const { exporter, add, sizes, warnings, clock } = exporterTo(() => Promise.reject(new Error('refused')));
  for (let batch = 0; batch < 3; batch++) {
    add(512);
    await new Promise((done) => setImmediate(done));
  }
  add(1);
  const before = clock.monotonic();
  await exporter.close();
  expect(sizes).toEqual([512, 512, 512]);
  expect(warnings).toEqual(['traces are not exported completely: refused']);
  expect(clock.monotonic()).toBe(before);
});

it.each([
  ['a status that is no success', { status: 503 }, /status 503/],
  ['rejected spans', { body: Buffer.from('{"partialSuccess":{"rejectedSpans":"3"}}') }, /rejected 3 spans/],
])('warns of %s', async (_, answer, words) => {
  const { exporter, add, warnings } = exporterTo(async () => answer);
  add(1);
  await exporter.close();
  expect(warnings).toEqual([expect.stringMatching(words)]);
});

it('goes on after a failure', async () => {
  const { exporter, add, sizes, warnings } = exporterTo(async (request) => {
    return request === 1 ? { status: 500 } : {};
  });
  add(512);
  await new Promise((done) => setImmediate(done));
  add(513);
  await new Promise((done) => setImmediate(done));
  await exporter.close();
  expect({ sizes, warnings: warnings.length }).toEqual({ sizes: [512, 512, 1], warnings: 1 });
});
