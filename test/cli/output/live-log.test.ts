// Covers src/cli/output/log-report-json.ts

import { describe, expect, it } from 'vitest';
import { LiveLog } from '../../../src/cli/output/live-log.ts';
import { createLogger } from '../../../src/cli/output/logger.ts';
import type { LogOptions } from '../../../src/cli/flags/options/run-options.ts';
import type { EndedImage } from '../../../src/copy/copy-events.ts';
import { COPIED, failed, type Outcome } from '../../../src/copy/outcome.ts';
import { noEdges, type PlanItem, type WritableItem } from '../../../src/plan/plan.ts';
import { makeReport } from '../../../src/report/make-report.ts';
import type { PromotionMode, RunReport } from '../../../src/report/report.ts';
import { PLAIN_STYLE, type Style } from '../../../src/report/summary/style.ts';
import { digest, repository, tag } from '../../builders/manifests.ts';

const A = digest('a');
const AT = [{ file: 'm.yaml', line: 3, column: 5 }];
const NOW = Date.parse('2026-11-28T07:53:49.120Z');

type Changes = { readonly name?: string; readonly tag?: string | undefined };

function base({ name = 'p.io/p/app', ...changes }: Changes) {
  const text = 'tag' in changes ? changes.tag : 'v1.0';
  const sources = [repository('s.io/s/app')];
  return {
    destination: repository(name),
    tag: text === undefined ? undefined : tag(text),
    digest: A,
    sources,
    at: AT,
  };
}

function toCopy(changes: Changes = {}): WritableItem {
  return { ...base(changes), decision: 'copy', siblings: [] };
}

function ended(...outcomes: readonly (readonly [WritableItem, Outcome])[]): EndedImage {
  const edges = outcomes.map(([item, outcome]) => ({ item, outcome }));
  return { destination: repository('p.io/p/app'), digest: A, edges, durationMs: 3140.6, bytes: 12_345_678 };
}

/** The report of a run that ends after planning. */
function reportOf(items: readonly PlanItem[], mode: PromotionMode = 'promotion'): RunReport {
  return makeReport({
    mode,
    startedAt: NOW,
    durationMs: 0,
    stopped: true,
    edges: items.length,
    plan: { items, counts: noEdges(), hosts: {}, newRepositories: [] },
    readings: new Map(),
    outcomes: new Map(),
    problems: [],
    manifests: { projects: 1, images: 1, digests: 1 },
    traffic: new Map(),
  });
}

type Options = Partial<LogOptions> & {
  readonly style?: Style;
  readonly allowLost?: boolean;
};

function start(
  format: LogOptions['format'] = 'text',
  { level = 'info', detail = 'normal', allowLost = false, style = TERMINAL }: Options = {},
) {
  const lines: string[] = [];
  const err = { backlog: 0, write: (text: string) => lines.push(...text.trimEnd().split('\n')) };
  const log = createLogger({ err }, { level, format }, () => NOW);
  return { lines, err, live: new LiveLog({ log, allowLost, detail, style }) };
}

const TERMINAL: Style = { columns: 80, colours: false, shortDigests: true };
const TIME = '2026-11-28T07:53:49Z';

describe('the log of an image that has ended', () => {
  it('is a line with time, tags, bytes and duration', () => {
    const { lines, live } = start();
    live.imageEnded(ended([toCopy(), COPIED], [toCopy({ tag: 'v1.0.0' }), COPIED]));
    expect(lines).toEqual([`${TIME} copied p.io/p/app@sha256:aaaaaaaaaaaa: v1.0, v1.0.0 (12.3 MB, 3.1 s)`]);
  });

  it('has the whole digest in a file, and no colon without a tag', () => {
    const { lines, live } = start('text', { style: PLAIN_STYLE });
    live.imageEnded(ended([toCopy({ tag: undefined }), COPIED]));
    expect(lines).toEqual([`${TIME} copied p.io/p/app@${A} (12.3 MB, 3.1 s)`]);
  });

  it('tells a tag that was added from an image that was copied, and failures with their reason', () => {
    const { lines, live } = start();
    const added: WritableItem = { ...base({ tag: 'v1' }), decision: 'add-tag', siblings: [] };
    live.imageEnded({ ...ended([added, COPIED], [toCopy(), failed('PUT: 500\nno')]), bytes: 0 });
    expect(lines).toEqual([
      `${TIME} tagged p.io/p/app@sha256:aaaaaaaaaaaa: v1 (3.1 s)`,
      `${TIME} ERROR failed p.io/p/app@sha256:aaaaaaaaaaaa: v1.0: PUT: 500 no`,
    ]);
  });

  it('has failures only, where no more is wanted', () => {
    const { lines, live } = start('text', { level: 'error' });
    live.imageEnded(ended([toCopy(), COPIED], [toCopy({ tag: 'v2' }), failed('no')]));
    expect(lines).toEqual([expect.stringContaining(' failed ')]);
  });

  it('is omitted with -quiet, unless it failed', () => {
    const { lines, live } = start('text', { detail: 'quiet' });
    live.imageEnded(ended([toCopy(), COPIED], [toCopy({ tag: 'v2' }), failed('no')]));
    expect(lines).toEqual([expect.stringContaining(' failed ')]);
  });

  it('has a line for each edge with -verbose', () => {
    const { lines, live } = start('text', { detail: 'verbose' });
    live.imageEnded(ended([toCopy(), COPIED], [toCopy({ tag: 'v2' }), failed('no')]));
    expect(lines).toEqual([
      `${TIME} copied s.io/s/app@${A} -> p.io/p/app:v1.0 (m.yaml:3:5) (12.3 MB, 3.1 s)`,
      `${TIME} ERROR failed s.io/s/app@${A} -> p.io/p/app:v2: no (m.yaml:3:5)`,
    ]);
  });

  it('has its first word in colour on a terminal that shows colours', () => {
    const { lines, live } = start('text', { style: { ...TERMINAL, colours: true } });
    live.imageEnded(ended([toCopy(), failed('\u001b[2J')]));
    expect(lines).toEqual([
      `${TIME} ERROR \u001b[31mfailed\u001b[0m p.io/p/app@sha256:aaaaaaaaaaaa: v1.0: \\u001b[2J`,
    ]);
  });

  it('leaves what was not attempted to the end', () => {
    const { lines, live } = start();
    live.imageEnded(ended([toCopy(), { result: 'not-attempted', reason: 'stopped' }]));
    expect(lines).toEqual([]);
  });

  it('is an object with fields for each edge, for machines; bytes are counted once', () => {
    const { lines, live } = start('json');
    live.imageEnded(ended([toCopy(), COPIED], [toCopy({ tag: 'v2' }), failed('no')]));
    const common = {
      time: '2026-11-28T07:53:49.120Z',
      message: 'edge',
      decision: 'copy',
      digest: A,
      source: `s.io/s/app@${A}`,
      host: 'p.io',
      durationMs: 3141,
      at: 'm.yaml:3:5',
    };
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      {
        ...common,
        severity: 'INFO',
        outcome: 'copied',
        destination: 'p.io/p/app:v1.0',
        tag: 'v1.0',
        bytes: 12_345_678,
        reason: 'regular promotion (neither digest nor tag exists in dst)',
      },
      {
        ...common,
        severity: 'ERROR',
        outcome: 'failed',
        destination: 'p.io/p/app:v2',
        tag: 'v2',
        bytes: 0,
        reason: 'no',
      },
    ]);
  });

  it('is the line of each edge in the words of the original, if asked for', () => {
    const { lines, live } = start('legacy');
    live.imageEnded(ended([toCopy(), COPIED]));
    const reason = 'regular promotion (neither digest nor tag exists in dst)';
    expect(lines).toEqual([
      `INFO    copy (copied): s.io/s/app@${A} -> p.io/p/app:v1.0: ${reason} (m.yaml:3:5)`,
    ]);
  });
});

describe('the log of refused edges', () => {
  const message = 'ECONNREFUSED: connection refused';
  const down = {
    decision: 'unreadable',
    reason: `destination: GET https://q.io/v2/p/one/tags/list: ${message}`,
    fault: { kind: 'unreachable', host: 'q.io', message },
  } as const;
  const refused: readonly PlanItem[] = [
    { ...base({ tag: 'v1' }), decision: 'tag-move', found: digest('b') },
    { ...base({ name: 'p.io/p/gone', tag: 'v1' }), decision: 'lost' },
    { ...base({ name: 'p.io/p/gone', tag: 'v2' }), decision: 'lost' },
    { ...base({ name: 'q.io/p/one' }), ...down },
    { ...base({ name: 'q.io/p/two' }), ...down },
    { ...base({ name: 'r.io/p/odd' }), decision: 'unreadable', reason: 'destination: no tag list' },
    { ...base({ name: 'q.io/p/late' }), decision: 'not-attempted' },
    toCopy(),
  ];

  it('has the reason in plain words before the first write: a line for each tag and each cause', () => {
    const { lines, live } = start();
    live.planned(reportOf(refused));
    const lost = 'not found at s.io/s/app: sha256:aaaaaaaaaaaa (wrong digest, wrong image name, or deleted)';
    expect(lines).toEqual([
      `${TIME} ERROR tag-move p.io/p/app:v1 sha256:aaaaaaaaaaaa: the tag is sha256:bbbbbbbbbbbb, not moved (m.yaml:3:5)`,
      `${TIME} ERROR lost p.io/p/gone:v1 sha256:aaaaaaaaaaaa: ${lost} (m.yaml:3:5)`,
      `${TIME} ERROR lost p.io/p/gone:v2 sha256:aaaaaaaaaaaa: ${lost} (m.yaml:3:5)`,
      `${TIME} ERROR unreadable r.io/p/odd:v1.0 sha256:aaaaaaaaaaaa: destination: no tag list (m.yaml:3:5)`,
      expect.stringMatching(
        `^${TIME} ERROR no answer at q.io, 2 edges: ECONNREFUSED: connection refused; check `,
      ),
    ]);
  });

  it('is one line for all destinations of an image', () => {
    const { lines, live } = start();
    const regions = ['a.io/p/app', 'b.io/p/app', 'c.io/p/app'];
    live.planned(reportOf(regions.map((name) => ({ ...base({ name }), decision: 'lost' }))));
    expect(lines).toEqual([expect.stringContaining(' lost app:v1.0 sha256:aaaaaaaaaaaa → 3 destinations: ')]);
  });

  it('has every edge and full digests with -verbose', () => {
    const { lines, live } = start('text', { detail: 'verbose' });
    live.planned(reportOf(refused));
    expect(lines.filter((line) => line.includes(' unreadable '))).toHaveLength(3);
    expect(lines[0]).toContain(` tag-move s.io/s/app@${A} -> p.io/p/app:v1: `);
  });

  it.each(['legacy', 'json'] as const)('keeps the words that scripts search for: %s', (format) => {
    const { lines, live } = start(format);
    live.planned(reportOf(refused));
    expect(lines.length).toBe(6);
    expect(lines[0]).toContain('tag moves are not supported');
    expect(lines[1]).toContain('_LOST_');
  });

  it('names an edge in conflict once', () => {
    const { lines, live } = start();
    const others = [{ digest: digest('b'), at: AT }];
    const conflict: PlanItem = { ...base({}), decision: 'conflict', others, moreOthers: 0 };
    live.planned(reportOf([conflict, { ...conflict, digest: digest('b') }]));
    expect(lines).toEqual([expect.stringContaining(' conflict p.io/p/app:v1.0 sha256:aaaaaaaaaaaa: ')]);
  });

  it('is a warning of lost images that are allowed', () => {
    const { lines, live } = start('text', { level: 'error', allowLost: true });
    live.planned(reportOf(refused.slice(1, 2)));
    expect(lines).toEqual([]);
  });

  it('has nothing of a dry run: its plan is its result', () => {
    const { lines, live } = start();
    live.planned(reportOf(refused, 'dry-run'));
    expect(lines).toEqual([]);
  });
});

describe('a reader of stderr that is too slow', () => {
  it('costs lines, not time or memory, and learns how many', () => {
    const { lines, err, live } = start();
    const image = ended([toCopy(), COPIED], [toCopy({ tag: 'v2' }), COPIED]);
    err.backlog = 5 * 1024 * 1024;
    live.imageEnded(image);
    live.imageEnded(image);
    expect(lines).toEqual([]);
    err.backlog = 0;
    live.imageEnded(image);
    live.close();
    expect(lines).toEqual([
      'WARNING log lines left out: stderr is read too slowly edges=4',
      expect.stringContaining(' copied '),
    ]);
  });
});
