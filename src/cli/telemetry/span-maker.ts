import type { EndedImage } from '../../copy/copy-events.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ObservedRun, Phase } from './run-observer.ts';
import type { TraceParent } from './otel-environment.ts';
import type { Attribute, Span } from './otlp-exporter.ts';

export interface SpanMakerParts {
  readonly clock: Clock;
  /** A random id of so many bytes, in hex. */
  readonly newId: (bytes: number) => string;
  readonly parent: TraceParent | undefined;
}

/** A span inside this process only. */
const INTERNAL = 1;
const UNSET = 0;
const ERROR = 2;

/** Makes the spans of a run: one of the run, one of each phase below it, one of each copied image below its phase. */
export class SpanMaker {
  readonly #parts: SpanMakerParts;
  readonly #traceId: string;
  readonly #runId: string;
  /** Wall time minus monotonic time, so that a step of the wall clock bends no span. */
  readonly #offset: number;
  /** The id of the phase that is under way. */
  #phaseId: string;

  constructor(parts: SpanMakerParts) {
    const { clock, newId, parent } = parts;
    this.#parts = parts;
    this.#traceId = parent?.traceId ?? newId(16);
    this.#runId = newId(8);
    this.#phaseId = newId(8);
    this.#offset = clock.wallTime() - clock.monotonic();
  }

  ofPhase({ stage, begun, ended = begun }: Phase): Span {
    const spanId = this.#phaseId;
    this.#phaseId = this.#parts.newId(8);
    return { ...this.#span(stage, [begun, ended]), spanId, parentSpanId: this.#runId };
  }

  ofImage({ destination, digest, edges, durationMs, bytes }: EndedImage): Span {
    const now = this.#parts.clock.monotonic();
    const failure = edges.map(({ outcome }) => outcome).find(({ result }) => result !== 'copied');
    return {
      ...this.#span('copy image', [now - durationMs, now]),
      spanId: this.#parts.newId(8),
      parentSpanId: this.#phaseId,
      attributes: attributesOf({
        'cip.destination': destination,
        'cip.digest': digest,
        'cip.tags': edges.flatMap(({ item }) => item.tag ?? []).join(','),
        'cip.bytes': bytes,
      }),
      status:
        failure === undefined || failure.result === 'copied'
          ? { code: UNSET }
          : { code: ERROR, message: failure.reason },
    };
  }

  ofRun({ report, exitCode = 0, begun, now }: ObservedRun): Span {
    const { parent } = this.#parts;
    return {
      ...this.#span(`cip ${report?.mode ?? 'run'}`, [begun, now]),
      spanId: this.#runId,
      ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
      attributes: attributesOf({ 'cip.exit_code': exitCode, ...countsOf(report) }),
      status: exitCode === 0 ? { code: UNSET } : { code: ERROR, message: `exit code ${exitCode}` },
    };
  }

  /** `times`: begin and end on the monotonic clock. */
  #span(name: string, [begun, ended]: readonly [number, number]): Omit<Span, 'spanId'> {
    return {
      traceId: this.#traceId,
      name,
      kind: INTERNAL,
      startTimeUnixNano: nanosecondsOf(this.#offset + begun),
      endTimeUnixNano: nanosecondsOf(this.#offset + ended),
      attributes: [],
      status: { code: UNSET },
    };
  }
}

/** Attributes in OTLP/JSON, where 64-bit integers are strings. */
export function attributesOf(values: Readonly<Record<string, string | number>>): readonly Attribute[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
}

function countsOf(report: ObservedRun['report']): Record<string, number> {
  const counts = Object.entries(report?.summary ?? {}).map(([name, count]) => [`cip.edges.${name}`, count]);
  return Object.fromEntries(counts);
}

function nanosecondsOf(milliseconds: number): string {
  return `${BigInt(Math.round(milliseconds * 1000)) * 1000n}`;
}
