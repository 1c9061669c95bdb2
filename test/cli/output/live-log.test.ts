// Covers src/cli/output/log-report-json.ts
// Covers src/report/explain-plainly.ts

import { describe, expect, it } from 'vitest';
import { LiveLog } from '../../../src/cli/output/live-log.ts';
import { createLogger } from '../../../src/cli/output/logger.ts';
import type { LogOptions } from '../../../src/cli/flags/options/run-options.ts';
import type { EndedImage } from '../../../src/copy/copy-events.ts';
import { COPIED, failed, type Outcome } from '../../../src/copy/outcome.ts';
import { noEdges, type Plan, type PlanItem, type WritableItem } from '../../../src/plan/plan.ts';
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

function planOf(items: readonly PlanItem[]): Plan {
  return { items, counts: noEdges(), hosts: {}, newRepositories: [] };
}

function start(
  format: LogOptions['format'] = 'text',
  {
    level = 'info',
    shortDigests = true,
    allowLost = false,
  }: Partial<LogOptions> & {
    shortDigests?: boolean;
    allowLost?: boolean;
  } = {},
) {
  const lines: string[] = [];
  const err = { backlog: 0, write: (text: string) => lines.push(...text.trimEnd().split('\n')) };
  const log = createLogger({ err }, { level, format }, () => NOW);
  return { lines, err, live: new LiveLog({ log, allowLost, shortDigests }) };
}

const PROMOTION = { mode: 'promotion' } as const;

describe('the log of an image that has ended', () => {
  it('is a line with time, tags, bytes and duration', () => {
    const { lines, live } = start();
    live.imageEnded(ended([toCopy(), COPIED], [toCopy({ tag: 'v1.0.0' }), COPIED]));
    expect(lines).toEqual([
      '2026-11-28T07:53:49Z copied p.io/p/app@sha256:aaaaaaaaaaaa: v1.0, v1.0.0 (12.3 MB, 3.1 s)',
    ]);
  });

  it('has the whole digest in a file, and no colon without a tag', () => {
    const { lines, live } = start('text', { shortDigests: false });
    live.imageEnded(ended([toCopy({ tag: undefined }), COPIED]));
    expect(lines).toEqual([`2026-11-28T07:53:49Z copied p.io/p/app@${A} (12.3 MB, 3.1 s)`]);
  });

  it('tells a tag that was added from an image that was copied, and failures with their reason', () => {
    const { lines, live } = start();
    const added: WritableItem = { ...base({ tag: 'v1' }), decision: 'add-tag', siblings: [] };
    live.imageEnded({ ...ended([added, COPIED], [toCopy(), failed('PUT: 500\nno')]), bytes: 0 });
    expect(lines).toEqual([
      '2026-11-28T07:53:49Z tagged p.io/p/app@sha256:aaaaaaaaaaaa: v1 (3.1 s)',
      '2026-11-28T07:53:49Z failed p.io/p/app@sha256:aaaaaaaaaaaa: v1.0: PUT: 500 no',
    ]);
  });

  it('has failures only, where no more is wanted', () => {
    const { lines, live } = start('text', { level: 'error' });
    live.imageEnded(ended([toCopy(), COPIED], [toCopy({ tag: 'v2' }), failed('no')]));
    expect(lines).toEqual([expect.stringContaining(' failed ')]);
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
  const refused: readonly PlanItem[] = [
    { ...base({ tag: 'v1' }), decision: 'tag-move', found: digest('b') },
    { ...base({ name: 'p.io/p/gone', tag: 'v1' }), decision: 'lost' },
    { ...base({ name: 'p.io/p/gone', tag: 'v2' }), decision: 'lost' },
    { ...base({ name: 'q.io/p/one' }), decision: 'unreadable', reason: 'destination: connection refused' },
    { ...base({ name: 'q.io/p/two' }), decision: 'unreadable', reason: 'destination: connection refused' },
    { ...base({ name: 'q.io/p/late' }), decision: 'not-attempted' },
    toCopy(),
  ];

  it('says in plain words why, before anything is written: a line for each image, or for each silent host', () => {
    const { lines, live } = start();
    live.planned(planOf(refused), PROMOTION);
    const time = '2026-11-28T07:53:49Z';
    expect(lines).toEqual([
      `${time} refused p.io/p/app@sha256:aaaaaaaaaaaa: v1: tag v1 is sha256:bbbbbbbbbbbb, not moved (m.yaml:3:5)`,
      `${time} refused p.io/p/gone@sha256:aaaaaaaaaaaa: v1, v2: not found at s.io/s/app: sha256:aaaaaaaaaaaa (wrong digest, wrong image name, or deleted) (m.yaml:3:5)`,
      `${time} unreadable q.io: 2 edges: destination: connection refused`,
    ]);
  });

  it.each(['legacy', 'json'] as const)('keeps the words that scripts search for: %s', (format) => {
    const { lines, live } = start(format);
    live.planned(planOf(refused), PROMOTION);
    expect(lines.length).toBe(5);
    expect(lines[0]).toContain('tag moves are not supported');
    expect(lines[1]).toContain('_LOST_');
  });

  it('names an edge in conflict once', () => {
    const { lines, live } = start();
    const others = [{ digest: digest('b'), at: AT }];
    const conflict: PlanItem = { ...base({}), decision: 'conflict', others, moreOthers: 0 };
    live.planned(planOf([conflict, { ...conflict, digest: digest('b') }]), PROMOTION);
    expect(lines).toEqual([expect.stringContaining('refused p.io/p/app@sha256:aaaaaaaaaaaa: v1.0: ')]);
  });

  it('is a warning of lost images that are allowed', () => {
    const { lines, live } = start('text', { level: 'error', allowLost: true });
    live.planned(planOf(refused.slice(1, 2)), PROMOTION);
    expect(lines).toEqual([]);
  });

  it('has nothing of a dry run: its plan is its result', () => {
    const { lines, live } = start();
    live.planned(planOf(refused), { mode: 'dry-run' });
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
