import { randomBytes } from 'node:crypto';
import { completeNetworkOptions } from '../../http/connect/network-options.ts';
import { createWire } from '../../http/wire.ts';
import { NO_REPOSITORY } from '../../image/repository.ts';
import { VERSION } from '../output/version.ts';
import type { Sink } from './run-observer.ts';
import { type TraceOptions, traceOptionsOf } from './otel-environment.ts';
import { OtlpExporter, type Span } from './otlp-exporter.ts';
import { attributesOf, SpanMaker } from './span-maker.ts';
import type { TelemetryParts } from './telemetry.ts';

/** Milliseconds for one request: the default of the specification. */
const REQUEST_LIMIT = 10_000;
/** Bytes of an answer that are read. */
const MAX_ANSWER = 64 * 1024;

/** Exports the spans of a run over OTLP/HTTP in JSON. Throws if the environment has no usable collector. */
export function openTraces({ options, env, log, clock, stdio }: TelemetryParts): Sink {
  const traces = traceOptionsOf(env);
  for (const value of Object.values(traces.headers)) stdio.secrets.add(value);
  const { secrets } = stdio;
  const wire = createWire({
    originOf: (origin) => origin,
    nearest: 'anywhere',
    network: completeNetworkOptions({ env, caFiles: options.caFiles }),
    userAgent: `cip/${VERSION}`,
    secrets,
  });
  const post = (spans: readonly Span[], signal: AbortSignal) =>
    wire.send({
      method: 'POST',
      url: traces.url,
      host: traces.url.origin,
      repository: NO_REPOSITORY,
      headers: { ...traces.headers, 'content-type': 'application/json' },
      body: Buffer.from(secrets.redact(JSON.stringify(requestOf(spans, traces)))),
      scopes: [],
      maxBodyBytes: MAX_ANSWER,
      totalLimit: REQUEST_LIMIT,
      purpose: 'api',
      signal,
    });
  const exporter = new OtlpExporter({ post, clock, log });
  const newId = (bytes: number) => randomBytes(bytes).toString('hex');
  const spans = new SpanMaker({ clock, newId, parent: traces.parent });
  return {
    phaseEnded: (phase) => exporter.add(spans.ofPhase(phase)),
    imageEnded: (image) => exporter.add(spans.ofImage(image)),
    close: async (run) => {
      exporter.add(spans.ofRun(run));
      await exporter.close();
      await wire.close();
    },
  };
}

function requestOf(spans: readonly Span[], { resource }: TraceOptions): object {
  const scope = { name: 'cip', version: VERSION };
  const attributes = attributesOf({ ...resource, 'service.version': VERSION });
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope, spans }] }] };
}
