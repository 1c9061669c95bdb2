import { describe, expect, it } from 'vitest';
import { traceOptionsOf, wantsTraces } from '../../../src/cli/telemetry/otel-environment.ts';

const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);

describe('wantsTraces', () => {
  it.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'TRUE' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
  ])('%j', (env, wanted) => expect(wantsTraces(env)).toBe(wanted));
});

describe('traceOptionsOf', () => {
  it.each([
    ['http://c:4318', 'http://c:4318/v1/traces'],
    ['http://c:4318/', 'http://c:4318/v1/traces'],
    ['https://c/otlp', 'https://c/otlp/v1/traces'],
  ])('the endpoint %s gets the path of traces', (endpoint, url) => {
    expect(traceOptionsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).url.href).toBe(url);
  });

  it('the endpoint of traces comes first, and is used as it is', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b/own',
    };
    expect(traceOptionsOf(env).url.href).toBe('http://b/own');
  });

  it('reads headers, resource and parent', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20eA==, x-team = a',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=named,env=prod',
      TRACEPARENT: `00-${TRACE}-${SPAN}-01`,
    };
    expect(traceOptionsOf(env)).toMatchObject({
      headers: { authorization: 'Basic eA==', 'x-team': 'a' },
      resource: { 'service.name': 'named', env: 'prod' },
      parent: { traceId: TRACE, spanId: SPAN },
    });
    expect(traceOptionsOf({ ...env, OTEL_SERVICE_NAME: 'own' }).resource['service.name']).toBe('own');
  });

  it('the service is cip by default, and an invalid parent is none', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', TRACEPARENT: `00-${'0'.repeat(32)}-${SPAN}-01` };
    expect(traceOptionsOf(env)).toMatchObject({ resource: { 'service.name': 'cip' }, parent: undefined });
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4318' }, /OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /expected http\/json/],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_EXPORTER_OTLP_HEADERS: 'no-value' },
      /OTEL_EXPORTER_OTLP_HEADERS cannot be read: expected key=value pairs/,
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' }, /cannot be read/],
  ])('%j cannot be used', (env, words) => expect(() => traceOptionsOf(env)).toThrow(words));
});
