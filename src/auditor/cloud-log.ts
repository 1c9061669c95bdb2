import { escapeLines } from '../base/text.ts';

/** @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity */
export type Severity = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'ALERT';

/** The trace of a request. */
export interface Trace {
  readonly traceId: string;
  readonly spanId: string | undefined;
}

export interface LogEntry {
  readonly severity: Severity;
  readonly message: string;
  readonly trace?: Trace | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  /** Makes the entry an event of Error Reporting. */
  readonly report?: { readonly version: string; readonly path: string; readonly userAgent: string };
}

const REPORTED = 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent';

/**
 * A line in the structured format of Cloud Logging.
 *
 * @see https://cloud.google.com/logging/docs/structured-logging
 * @see https://cloud.google.com/error-reporting/docs/formatting-error-messages
 */
export function renderLogEntry(
  { severity, message, trace, labels, report }: LogEntry,
  { now, project }: { readonly now: number; readonly project: string | undefined },
): string {
  const entry = {
    severity,
    time: new Date(now).toISOString(),
    message,
    ...(trace === undefined ? {} : traceFields(trace, project)),
    ...(labels === undefined ? {} : { 'logging.googleapis.com/labels': labels }),
    ...(report === undefined ? {} : reportFields(report)),
  };
  return escapeLines(`${JSON.stringify(entry)}\n`);
}

function traceFields(
  { traceId, spanId }: Trace,
  project: string | undefined,
): Readonly<Record<string, string>> {
  return {
    'logging.googleapis.com/trace': project === undefined ? traceId : `projects/${project}/traces/${traceId}`,
    ...(spanId === undefined ? {} : { 'logging.googleapis.com/spanId': spanId }),
  };
}

function reportFields({ version, path, userAgent }: NonNullable<LogEntry['report']>): object {
  return {
    '@type': REPORTED,
    serviceContext: { service: 'cip-auditor', version },
    context: {
      httpRequest: { method: 'POST', url: path, userAgent },
      reportLocation: { filePath: 'judge-event.ts', lineNumber: 1, functionName: 'judge' },
    },
  };
}

/** The trace that a request belongs to: `traceparent` of W3C, or the older header of Google. */
export function traceOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Trace | undefined {
  const [, traceId, spanId] = TRACEPARENT.exec(String(headers['traceparent'] ?? '')) ?? [];
  if (traceId !== undefined) return { traceId, spanId };
  const [, older, span] = GOOGLE_TRACE.exec(String(headers['x-cloud-trace-context'] ?? '')) ?? [];
  if (older === undefined) return undefined;
  return { traceId: older, spanId: span === undefined ? undefined : toHex(span) };
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;
const GOOGLE_TRACE = /^([0-9a-f]{32})(?:\/(\d{1,20}))?(?:;.*)?$/;

function toHex(decimal: string): string {
  return BigInt(decimal).toString(16).padStart(16, '0');
}
