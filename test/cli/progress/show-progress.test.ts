// Covers src/cli/progress/host-rates.ts
// Covers src/cli/progress/meter.ts
// Covers src/cli/progress/run-progress.ts

import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/cli/output/logger.ts';
import { progressStyleOf } from '../../../src/cli/progress/run-progress.ts';
import { type ProgressStyle, showProgress } from '../../../src/cli/progress/show-progress.ts';
import { StatusArea } from '../../../src/cli/progress/status-area.ts';
import type { HostTraffic } from '../../../src/ports/traffic.ts';
import { FakeTerminal } from '../../doubles/fake-terminal.ts';
import { FakeTime } from '../../doubles/fake-time.ts';

type Counts = { -readonly [name in keyof HostTraffic]: HostTraffic[name] };

/** A run whose time, terminal and traffic are in the hands of the test. */
function start(
  style: ProgressStyle,
  { format = 'text', columns = 80 }: { format?: 'text' | 'json'; columns?: number } = {},
) {
  const terminal = new FakeTerminal(columns);
  const status = new StatusArea(terminal);
  const time = new FakeTime();
  const log = createLogger({ err: status }, { level: 'info', format }, () => time.now());
  const hosts = new Map<string, Counts>();
  const shown = showProgress(style, {
    traffic: { hosts: () => hosts },
    status,
    log,
    now: () => time.now(),
    timers: time,
  });
  const ask = (host: string, changes: Partial<Counts>) => {
    const counts = hosts.get(host) ?? {
      requests: 0,
      retries: 0,
      interrupted: 0,
      throttled: 0,
      identities: [],
      bytesIn: 0,
      bytesOut: 0,
    };
    hosts.set(host, { ...counts, ...changes });
  };
  return { ...shown, terminal, time, log, ask };
}

type Run = ReturnType<typeof start>;

/** Seconds in which a step is done 4 times, `a.io` asked 20 times, and 1 MB read. */
function work({ progress, time, ask }: Run, seconds: number, from = 0): void {
  for (let second = from + 1; second <= from + seconds; second++) {
    progress.advance(4);
    ask('a.io', { requests: 20 * second, bytesIn: 1_000_000 * second });
    time.pass(1000);
  }
}

describe('on a terminal', () => {
  it('shows the phase, the rate, the time left and the busiest hosts, and follows them', () => {
    const run = start('live');
    run.progress.begin('inventory', 400);
    run.time.pass(200);
    expect(run.terminal.screen).toEqual(['reading destinations 0/400 (0%)']);
    work(run, 5);
    run.time.pass(200);
    expect(run.terminal.screen).toEqual([
      'reading destinations 20/400 (5%), 3.7/s',
      '  a.io 19 req/s, 0.9 MB/s',
    ]);
  });

  it('shows the hosts that throttle first, then the busiest, three of them', () => {
    const run = start('live');
    run.progress.begin('copy', 4000);
    for (const [index, host] of ['slow.io', 'b.io', 'c.io', 'longer.name.io', 'idle.io'].entries()) {
      run.ask(host, { requests: index * 100 });
    }
    run.ask('slow.io', { requests: 10, throttled: 7, retries: 9, bytesOut: 52_000_000 });
    run.ask('idle.io', { requests: 0, throttled: 0 });
    run.time.pass(10_000);
    expect(run.terminal.screen).toEqual([
      'promoting 0/4000 (0%), 0.0/s, 4 hosts',
      '  slow.io        1.0 req/s, 5.2 MB/s, throttled 7 (now), retries 9',
      '  longer.name.io 30 req/s, 0.0 MB/s',
      '  c.io           20 req/s, 0.0 MB/s',
    ]);
    run.time.pass(9_800);
    run.ask('b.io', { requests: 400 });
    run.time.pass(200);
    expect(run.terminal.screen.slice(1)).toEqual(['  b.io 30 req/s, 0.0 MB/s']);
  });

  it('tells no time left before there is evidence, and then one that is right', () => {
    const run = start('live');
    run.progress.begin('copy', 1000);
    work(run, 9);
    expect(run.terminal.screen[0]).not.toContain('ETA');
    work(run, 51, 9);
    expect(run.terminal.screen[0]).toBe('promoting 240/1000 (24%), 4.0/s, ETA 3m10s');
  });

  it('keeps to the width', () => {
    const run = start('live', { columns: 24 });
    run.progress.begin('inventory', 400);
    work(run, 20);
    expect(run.terminal.screen).toEqual(['reading destinations 8…', '  a.io 20 req/s, 1.0 M…']);
  });

  it('leaves log lines as they are above it, and nothing of itself', () => {
    const run = start('live');
    run.progress.begin('inventory', 400);
    work(run, 5);
    run.log.write('warning', 'one thing');
    run.log.write('info', 'another');
    expect(run.terminal.screen.slice(0, 3)).toEqual([
      'WARNING one thing',
      'INFO    another',
      expect.stringMatching(/^reading destinations 20/),
    ]);
    run.close();
    run.close();
    expect(run.terminal.screen).toEqual(['WARNING one thing', 'INFO    another']);
    run.time.pass(60_000);
    expect(run.terminal.screen).toHaveLength(2);
  });

  it('shows nothing of a stage without steps, nor between stages', () => {
    const run = start('live');
    run.progress.begin('source', 0);
    run.time.pass(1000);
    expect(run.terminal.screen).toEqual([]);
    run.progress.begin('copy', 5);
    run.time.pass(1000);
    run.progress.end();
    run.time.pass(1000);
    expect(run.terminal.screen).toEqual([]);
  });

  it('is drawn five times a second, however many steps are done', () => {
    const run = start('live');
    run.progress.begin('inventory', 1_000_000);
    for (let step = 0; step < 100_000; step++) run.progress.advance();
    expect(run.terminal.writes).toBe(0);
    run.time.pass(1000);
    expect(run.terminal.writes).toBe(5);
  });
});

describe('elsewhere', () => {
  it('tells the same facts in a line every 30 s', () => {
    const run = start('log', { columns: 300 });
    run.progress.begin('inventory', 2000);
    work(run, 30);
    run.ask('b.io', { requests: 3000, throttled: 3 });
    work(run, 59, 30);
    const line = 'INFO    progress phase="reading destinations"';
    expect(run.terminal.screen).toEqual([
      `${line} done=120 total=2000 perSecond=4 eta="7m50s" hosts="a.io 20 req/s, 1.0 MB/s"`,
      `${line} done=240 total=2000 perSecond=4 eta="7m20s" hosts="b.io 100 req/s, 0.0 MB/s, throttled 3 (now); a.io 20 req/s, 1.0 MB/s"`,
    ]);
  });

  it('as JSON where the log is JSON', () => {
    const run = start('log', { format: 'json', columns: 300 });
    run.progress.begin('copy', 2000);
    work(run, 30);
    expect(run.terminal.screen.map((line): unknown => JSON.parse(line))).toEqual([
      {
        time: '1970-01-01T00:00:30.000Z',
        severity: 'INFO',
        message: 'progress',
        phase: 'promoting',
        done: 120,
        total: 2000,
        perSecond: 4,
        eta: '7m50s',
        hosts: 'a.io 20 req/s, 1.0 MB/s',
      },
    ]);
  });

  it('tells nothing of a run that is shorter, nor after it', () => {
    const run = start('log');
    run.progress.begin('inventory', 2000);
    work(run, 29);
    run.close();
    run.time.pass(60_000);
    expect(run.terminal.writes).toBe(0);
  });
});

describe('without progress', () => {
  it('says nothing', () => {
    const run = start('none');
    run.progress.begin('copy', 10);
    work(run, 100);
    run.progress.end();
    run.close();
    expect(run.terminal.writes).toBe(0);
  });
});

describe('how progress is shown', () => {
  it.each([
    ['live', {}, {}],
    ['live', {}, { CI: 'false' }],
    ['log', {}, { CI: 'true' }],
    ['log', {}, { TERM: 'dumb' }],
    ['log', { format: 'json' as const }, {}],
    ['log', { isTerminal: false }, {}],
    ['none', { wanted: false }, {}],
    ['none', { wanted: false, isTerminal: false }, {}],
  ])(
    'is %s with %j and the environment %j',
    (style, {
      wanted = true,
      format = 'text',
      isTerminal = true,
    }: { wanted?: boolean; format?: 'text' | 'json'; isTerminal?: boolean }, env) => {
      expect(progressStyleOf({ wanted, format, status: { isTerminal }, env })).toBe(style);
    },
  );
});
