import { messageOf } from '../../base/errors.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Where traces go, and what they carry. */
export interface TraceOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Attributes of the resource, `service.name` included. */
  readonly resource: Readonly<Record<string, string>>;
  /** The span that started this process. */
  readonly parent: TraceParent | undefined;
}

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
}

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
const TRACES_ENDPOINT = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';

/** True if the environment asks for traces. */
export function wantsTraces(env: Env): boolean {
  const isOff = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none';
  return !isOff && Boolean(env[TRACES_ENDPOINT] || env[ENDPOINT]);
}

/**
 * The options in the variables of OpenTelemetry. Throws for a variable that cannot be used.
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function traceOptionsOf(env: Env): TraceOptions {
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (protocol === 'grpc') throw new Error('OTEL_EXPORTER_OTLP_PROTOCOL is grpc, expected http/json');
  const named = pairsOf(env, 'OTEL_RESOURCE_ATTRIBUTES');
  const service = env['OTEL_SERVICE_NAME'] || named['service.name'] || 'cip';
  return {
    url: endpointOf(env),
    headers: {
      ...pairsOf(env, 'OTEL_EXPORTER_OTLP_HEADERS'),
      ...pairsOf(env, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS'),
    },
    resource: { ...named, 'service.name': service },
    parent: parentOf(env['TRACEPARENT']),
  };
}

/** The endpoint of traces is used as it is; a path is added to the common one. */
function endpointOf(env: Env): URL {
  const own = env[TRACES_ENDPOINT];
  const [name, text] = own ? [TRACES_ENDPOINT, own] : [ENDPOINT, env[ENDPOINT] ?? ''];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error(`${name} is not an http or https URL`); // it may hold a password
  }
  if (!own) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url;
}

/** `key=value,key=value` with percent-encoded values. */
function pairsOf(env: Env, name: string): Record<string, string> {
  const pairs = (env[name] ?? '').split(',').filter((pair) => pair.trim() !== '');
  try {
    return Object.fromEntries(
      pairs.map((pair) => {
        const equals = pair.indexOf('=');
        const key = pair.slice(0, Math.max(0, equals)).trim();
        const value = pair.slice(equals + 1);
        if (key === '') throw new Error('expected key=value pairs');
        return [decodeURIComponent(key), decodeURIComponent(value.trim())];
      }),
    );
  } catch (error) {
    throw new Error(`${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** An invalid one is ignored, as the specification demands. @see https://www.w3.org/TR/trace-context/ */
function parentOf(text = ''): TraceParent | undefined {
  const [, traceId = '', spanId = ''] =
    /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}$/.exec(text) ?? [];
  return /[^0]/.test(traceId) && /[^0]/.test(spanId) ? { traceId, spanId } : undefined;
}
