// Covers src/cli/output/service-log.ts
import { describe, expect, it } from 'vitest';
import { type LogEntry, renderLogEntry, traceOf } from '../../src/auditor/cloud-log.ts';
import { createServiceLog } from '../../src/cli/output/service-log.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const TRACE = '0123456789abcdef0123456789abcdef';

function render(entry: LogEntry, project?: string) {
  const text = renderLogEntry(entry, { now: NOW, project });
  expect(text.indexOf('\n')).toBe(text.length - 1);
  return JSON.parse(text);
}

describe('an entry', () => {
  it('has the fields of Cloud Logging', () => {
    const trace = { traceId: TRACE, spanId: '00000000000000ff' };
    const entry = { severity: 'INFO', message: 'two\nlines\u2028', trace, labels: { a: 'b' } } as const;
    expect(render(entry, 'p')).toEqual({
      severity: 'INFO',
      time: '2026-06-01T12:00:00.000Z',
      message: 'two\nlines\u2028',
      'logging.googleapis.com/trace': `projects/p/traces/${TRACE}`,
      'logging.googleapis.com/spanId': '00000000000000ff',
      'logging.googleapis.com/labels': { a: 'b' },
    });
    expect(render(entry)['logging.googleapis.com/trace']).toBe(TRACE);
  });

  it('that is reported has the fields of Error Reporting', () => {
    const report = { version: 'v5', path: '/x', userAgent: 'APIs-Google' };
    expect(render({ severity: 'ALERT', message: 'm', report })).toMatchObject({
      '@type': 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent',
      serviceContext: { service: 'cip-auditor', version: 'v5' },
      context: { httpRequest: { method: 'POST', url: '/x', userAgent: 'APIs-Google' }, reportLocation: {} },
    });
  });
});

it.each([
  [{ traceparent: `00-${TRACE}-00000000000000ff-01` }, { traceId: TRACE, spanId: '00000000000000ff' }],
  [{ 'x-cloud-trace-context': `${TRACE}/255;o=1` }, { traceId: TRACE, spanId: '00000000000000ff' }],
  [{ 'x-cloud-trace-context': TRACE }, { traceId: TRACE, spanId: undefined }],
  [{ 'x-cloud-trace-context': 'nonsense' }, undefined],
  [{}, undefined],
])('the trace of %j', (headers, trace) => {
  expect(traceOf(headers)).toEqual(trace);
});

describe('the log of the service', () => {
  const lines: string[] = [];
  const options = { level: 'warning', project: undefined, now: () => NOW } as const;

  it('has entries at every level, and messages from its level on', async () => {
    const out = { write: (text: string, done?: (error?: Error) => void) => (lines.push(text), done?.()) };
    const log = createServiceLog(out, options);
    log.write('info', 'not logged');
    log.write('error', 'manifests cannot be read', { reason: 'down', attempt: 2 });
    await log.entry({ severity: 'INFO', message: 'a verdict' });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { severity: 'ERROR', 'logging.googleapis.com/labels': { reason: 'down', attempt: '2' } },
      { severity: 'INFO', message: 'a verdict' },
    ]);
  });

  it('does not hide that an entry could not be written', async () => {
    const full = { write: (_: string, done?: (error?: Error) => void) => done?.(new Error('ENOSPC')) };
    await expect(createServiceLog(full, options).entry({ severity: 'INFO', message: 'x' })).rejects.toThrow(
      'ENOSPC',
    );
  });
});
