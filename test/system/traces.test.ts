// Covers src/cli/telemetry/span-maker.ts
// Covers src/cli/telemetry/traces.ts

import { describe, expect, it } from 'vitest';
import { attributesOf } from '../../src/cli/telemetry/span-maker.ts';
import { image, push } from '../builders/images.ts';
import { runCip, startCip } from '../doubles/run-cip.ts';
import { type ScriptedAnswer, scriptedServer } from '../doubles/scripted-server.ts';
import { CLOSED_HOST, embedded, manifestFlag } from './staging.ts';

interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly unknown[];
  readonly status: { readonly code: number };
}

const TRACE = 'a'.repeat(32);
const PARENT = 'b'.repeat(16);
const SECRET = 'collector-password-1';

/** A collector that answers one request. */
function collector(answer: ScriptedAnswer = { status: 200, body: {} }) {
  return scriptedServer([{ request: 'POST /v1/traces', answer }]);
}

describe('OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  it('receives a span of the run, of each phase and of each image', async () => {
    const { flag, host, digests } = await world();
    const { url, requests } = await collector();
    const { status, stderr } = await runCip([flag, '-confirm'], {
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${SECRET}`,
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=prod',
        TRACEPARENT: `00-${TRACE}-${PARENT}-01`,
      },
    });
    expect({ status, warned: stderr.includes('traces') }).toEqual({ status: 0, warned: false });
    expect(requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: `Bearer ${SECRET}`,
    });
    const { resource, spans } = sentTo(requests[0]?.body);
    expect(resource).toEqual(
      expect.arrayContaining(attributes({ 'service.name': 'cip', 'deployment.environment': 'prod' })),
    );
    const [run] = spans.filter(({ name }) => name === 'cip promotion');
    expect(run).toMatchObject({ parentSpanId: PARENT, status: { code: 0 } });
    const phases = spans.filter(({ parentSpanId }) => parentSpanId === run?.spanId);
    expect(phases.map(({ name }) => name)).toEqual(expect.arrayContaining(['inventory', 'copy']));
    const copy = phases.find(({ name }) => name === 'copy');
    const images = spans.filter(({ name }) => name === 'copy image');
    expect(images.map(({ parentSpanId }) => parentSpanId)).toEqual([copy?.spanId, copy?.spanId]);
    expect(images.flatMap(({ attributes }) => attributes)).toEqual(
      expect.arrayContaining(
        attributes({
          'cip.destination': `${host}/prod/one`,
          'cip.digest': digests[0] ?? '',
          'cip.tags': 'v1',
        }),
      ),
    );
    for (const span of spans) {
      expect(span.traceId).toBe(TRACE);
      expect(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano)).toBe(true);
    }
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
  });

  it('marks the run and the image that failed', async () => {
    const { flag, registry } = await world();
    registry.addFault({
      method: 'PUT',
      path: /prod\/one\/manifests/,
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'status', status: 403 },
    });
    const { url, requests } = await collector();
    const { status } = await runCip([flag, '-confirm'], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    const { spans } = sentTo(requests[0]?.body);
    expect(status).toBe(1);
    expect(
      spans
        .filter(({ status: { code } }) => code === 2)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(['cip promotion', 'copy image']);
  });

  it.each([
    ['is down', async () => `http://${CLOSED_HOST}`],
    ['refuses', async () => (await collector({ status: 503 })).url],
    ['is no URL', async () => 'collector:4318'],
  ])('that %s is one warning, and the run succeeds', async (_, endpoint) => {
    const { flag } = await world();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: await endpoint() };
    const { status, stderr } = await runCip([flag, '-confirm'], { env });
    expect(status).toBe(0);
    expect(stderr.match(/WARNING traces are not exported/g)).toHaveLength(1);
  });

  it('that never answers is given up at the end of the run', async () => {
    const { flag } = await world();
    let pass = () => {};
    const { url } = await scriptedServer([
      { request: 'POST /v1/traces', check: () => pass(), answer: { raw: '', ending: 'open' } },
    ]);
    const cip = startCip([flag, '-confirm'], { time: 'held', env: { OTEL_EXPORTER_OTLP_ENDPOINT: url } });
    pass = () => cip.passTime();
    const { status, stderr } = await cip.ended;
    expect(status).toBe(0);
    expect(stderr.match(/WARNING traces are not exported/g)).toHaveLength(1);
  });

  it('is not used by -parse-only, which never touches the network', async () => {
    const { flag } = await world();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${CLOSED_HOST}` };
    const { status, stderr } = await runCip([flag, '-parse-only'], { env });
    expect({ status, warned: stderr.includes('traces') }).toEqual({ status: 0, warned: false });
  });
});

/** A copy, because matchers take no readonly arrays. */
function attributes(values: Readonly<Record<string, string>>): unknown[] {
  return [...attributesOf(values)];
}

/** Two images of one registry, to be promoted within it. */
async function world() {
  const registry = await embedded();
  const digests = ['one', 'two'].map((name) => push(registry, `staging/${name}`, image({ seed: name })));
  const images = { one: { [digests[0] ?? '']: ['v1'] }, two: { [digests[1] ?? '']: ['v1'] } };
  const { host } = registry;
  const flag = await manifestFlag({ from: `${host}/staging`, to: [`${host}/prod`], images });
  return { registry, host, digests, flag };
}

function sentTo(body: Buffer | undefined): { resource: readonly unknown[]; spans: readonly SentSpan[] } {
  const { resourceSpans } = JSON.parse(body?.toString() ?? '');
  const [{ resource, scopeSpans }] = resourceSpans;
  return { resource: resource.attributes, spans: scopeSpans[0].spans };
}
