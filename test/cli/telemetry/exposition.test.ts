// Covers src/cli/telemetry/run-observer.ts

import { expect, it } from 'vitest';
import { renderExposition } from '../../../src/cli/telemetry/exposition.ts';
import { METRICS } from '../../../src/cli/telemetry/metrics.ts';
import { RunObserver } from '../../../src/cli/telemetry/run-observer.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { parseExposition, sumOf } from '../../doubles/parse-exposition.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';

const COUNTS = {
  requests: 7,
  retries: 2,
  interrupted: 1,
  throttled: 3,
  identities: ['secret@example.com'],
  bytesIn: 1000,
  bytesOut: 2000,
};

function observed() {
  const clock = new FakeClock();
  const observer = new RunObserver(clock);
  const progress = new RecordingProgress();
  const watched = observer.watch(
    {
      hosts: () =>
        new Map([
          ['b.io', COUNTS],
          ['a.io', { ...COUNTS, requests: 1 }],
        ]),
    },
    progress,
  );
  return { clock, observer, progress, watched };
}

it('has the traffic of each host, in the order of their names, and no identity', () => {
  const { observer } = observed();
  const text = renderExposition(observer.read());
  const metrics = parseExposition(text);
  expect(metrics.get('cip_requests_total')).toMatchObject({
    type: 'counter',
    samples: new Map([
      ['host="a.io"', 1],
      ['host="b.io"', 7],
    ]),
  });
  expect(sumOf(metrics, 'cip_retries_total', { host: 'b.io' })).toBe(2);
  expect(sumOf(metrics, 'cip_throttled_responses_total', { host: 'b.io' })).toBe(3);
  expect(sumOf(metrics, 'cip_interrupted_transfers_total', { host: 'b.io' })).toBe(1);
  expect(sumOf(metrics, 'cip_received_bytes_total', { host: 'b.io' })).toBe(1000);
  expect(sumOf(metrics, 'cip_sent_bytes_total', { host: 'b.io' })).toBe(2000);
  expect(text).not.toContain('secret');
});

it('has the seconds of each phase, also of one that has not ended, and adds phases of one name', () => {
  const { clock, observer, watched, progress } = observed();
  watched.begin('proof', 2);
  clock.advance(1500);
  watched.end();
  clock.advance(1000);
  watched.begin('proof', 1);
  watched.advance();
  clock.advance(500);
  watched.end();
  watched.begin('copy', 3);
  clock.advance(250);
  const metrics = parseExposition(renderExposition(observer.read()));
  expect(metrics.get('cip_phase_duration_seconds')?.samples).toEqual(
    new Map([
      ['phase="proof"', 2],
      ['phase="copy"', 0.25],
    ]),
  );
  expect(sumOf(metrics, 'cip_run_duration_seconds')).toBe(3.25);
  expect(progress.stages).toEqual(['proof 0/2', 'proof 1/1']);
});

it('has exit code and end once the run has ended, and the last phase ends with it', () => {
  const { clock, observer, watched } = observed();
  expect(parseExposition(renderExposition(observer.read())).has('cip_run_exit_code')).toBe(false);
  watched.begin('copy', 1);
  clock.advance(2000);
  const metrics = parseExposition(renderExposition(observer.end(143)));
  expect(sumOf(metrics, 'cip_run_exit_code')).toBe(143);
  const start = sumOf(metrics, 'cip_run_start_timestamp_seconds');
  expect(sumOf(metrics, 'cip_run_end_timestamp_seconds')).toBe(start + 2);
  expect(sumOf(metrics, 'cip_phase_duration_seconds')).toBe(2);
});

it('escapes labels, and no help needs it', () => {
  const { clock } = observed();
  const observer = new RunObserver(clock);
  observer.watch({ hosts: () => new Map([['a"b\\c\nd', COUNTS]]) }, new RecordingProgress());
  const text = renderExposition(observer.read());
  expect(parseExposition(text).get('cip_requests_total')?.samples.keys().next().value).toBe(
    String.raw`host="a\"b\\c\nd"`,
  );
  for (const { help } of METRICS) expect(help).toMatch(/^[^\\\n]+\.$/);
});
