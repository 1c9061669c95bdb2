// Covers src/report/exit-code.ts
// Covers src/report/findings.ts
// Covers src/report/make-envelope.ts
// Covers src/report/render-json.ts
// Covers src/report/render-markdown.ts
// Covers src/report/render-table.ts
// Covers src/report/render-text.ts

import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/checks/rule.ts';
import { COPIED, failed, type Outcome } from '../../src/copy/outcome.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import type { Digest } from '../../src/image/digest.ts';
import { countQueries } from '../../src/inventory/inventory.ts';
import { type DestinationState, type Inventory, sourceKey } from '../../src/inventory/inventory.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { edgeId, isWritable, type Plan, type PlanItem } from '../../src/plan/plan.ts';
import { exitCodeOf } from '../../src/report/exit-code.ts';
import { explainItem } from '../../src/report/explain-item.ts';
import type { MalformedEntry } from '../../src/report/make-envelope.ts';
import { makeReport, type ReportInput } from '../../src/report/make-report.ts';
import { renderJson } from '../../src/report/render-json.ts';
import { renderMarkdown } from '../../src/report/render-markdown.ts';
import { renderMarkdownTable, renderTable } from '../../src/report/render-table.ts';
import {
  foldConflicts,
  renderFindingLine,
  renderItemLine,
  renderTables,
} from '../../src/report/render-text.ts';
import type { PromotionReport, Summary } from '../../src/report/report.ts';
import { kept } from '../builders/kept.ts';
import { digest, inFile, repository, tag } from '../builders/manifests.ts';

const A = digest('a');
const B = digest('b');
const C = digest('c');

/** One edge of every decision: the names say which. */
const manifests = [
  inFile('m.yaml')
    .from('s.io/s')
    .to('p.io/p')
    .promote({
      there: { [A]: ['v1'] },
      new: { [A]: ['v1'], [B]: [] },
      partly: { [A]: ['v2'] },
      moved: { [A]: ['v1'] },
      lost: { [C]: ['v1'] },
      torn: { [A]: ['v1'], [B]: ['v1'] },
      silent: { [A]: ['v1'] },
    }),
];

const inventory: Inventory = {
  destinations: new Map([
    [repository('p.io/p/there'), there({ v1: A })],
    [repository('p.io/p/new'), there({})],
    [repository('p.io/p/partly'), there({ v1: A })],
    [repository('p.io/p/moved'), there({ v1: B })],
    [repository('p.io/p/lost'), there({})],
    [
      repository('p.io/p/silent'),
      { kind: 'unreadable', reason: 'GET https://p.io/v2/p/silent/tags/list: 503' },
    ],
  ]),
  sources: new Map([
    [sourceKey(repository('s.io/s/new'), A), { kind: 'present' }],
    [sourceKey(repository('s.io/s/new'), B), { kind: 'present' }],
    [sourceKey(repository('s.io/s/lost'), C), { kind: 'absent' }],
  ]),
};

const PROBLEMS: readonly MalformedEntry[] = [
  {
    severity: 'error',
    rule: 'digest',
    message: 'a digest is sha256: and 64 hex digits, got "sha256:abc"',
    at: { file: 'm.yaml', line: 40, column: 5 },
  },
  {
    severity: 'warning',
    rule: 'unknown-field',
    message: 'unknown',
    at: { file: 'm.yaml', line: 1, column: 1 },
  },
];

function there(tags: Readonly<Record<string, Digest>>): DestinationState {
  const entries = Object.entries(tags).map(([text, digest]) => [tag(text), digest] as const);
  return {
    kind: 'read',
    by: 'listing',
    complete: true,
    exists: entries.length > 0,
    tags: new Map(entries),
    digests: new Set(Object.values(tags)),
  };
}

function planned(keepPresent = false): Plan {
  return makePlan(expandEdges(manifests), inventory, { keepPresent });
}

function inputOf(changes: Partial<ReportInput> = {}): ReportInput {
  const plan = changes.plan ?? planned();
  return {
    mode: 'dry-run',
    startedAt: Date.UTC(2026, 10, 20, 21),
    durationMs: 1233.6,
    stopped: false,
    manifests: { projects: 1, images: 7, digests: 9 },
    edges: expandEdges(manifests).edges,
    plan,
    readings: countQueries(inventory),
    outcomes: new Map(),
    problems: PROBLEMS,
    traffic: new Map([
      [
        's.io',
        { requests: 7, retries: 1, interrupted: 3, throttled: 1, identities: [], bytesIn: 1000, bytesOut: 0 },
      ],
      [
        'p.io',
        {
          requests: 20,
          retries: 0,
          interrupted: 0,
          throttled: 0,
          identities: [],
          bytesIn: 300,
          bytesOut: 900,
        },
      ],
    ]),
    ...changes,
  };
}

function reportOf(input: ReportInput): PromotionReport {
  return kept(makeReport(input));
}

/** A promotion in which each item that was to be written met this. */
function promotion(outcomeOf: (item: PlanItem) => Outcome | undefined): PromotionReport {
  const plan = planned();
  const outcomes = new Map<string, Outcome>();
  for (const item of plan.items.filter(isWritable)) {
    const outcome = outcomeOf(item);
    if (outcome !== undefined) outcomes.set(edgeId(item), outcome);
  }
  return reportOf(inputOf({ mode: 'promotion', plan, outcomes }));
}

const mixed = () =>
  promotion(({ destination, tag }) => {
    if (destination.endsWith('partly')) return failed('PUT https://p.io/v2/p/partly/manifests/v2: 403');
    return tag === undefined ? undefined : COPIED;
  });

describe('the JSON report', () => {
  it('of a dry run is as it has always been', async () => {
    await expect([...renderJson(reportOf(inputOf()))].join('')).toMatchFileSnapshot(
      '../../fixtures/reports/dry-run.json',
    );
  });

  it('of a promotion is as it has always been', async () => {
    await expect([...renderJson(mixed())].join('')).toMatchFileSnapshot(
      '../../fixtures/reports/promotion.json',
    );
  });

  it('is JSON and ends with a newline', () => {
    const report = reportOf(inputOf());
    expect(JSON.parse([...renderJson(report)].join(''))).toEqual(report);
    expect([...renderJson(report)].join('')).toMatch(/\}\n$/);
  });
});

describe('the summary', () => {
  it('of a dry run counts decisions, and nothing that became of them', () => {
    expect(reportOf(inputOf()).summary).toEqual({
      edges: 9,
      present: 1,
      copy: 2,
      'add-tag': 1,
      'tag-move': 1,
      lost: 1,
      conflict: 2,
      unreadable: 1,
      blocked: 0,
      invalid: 1,
      copied: 0,
      failed: 0,
      'not-attempted': 0,
    });
  });

  it.each<[string, () => PromotionReport, Partial<Summary>]>([
    ['that went well', () => promotion(() => COPIED), { copied: 3, failed: 0, 'not-attempted': 0 }],
    ['that went wrong', () => promotion(() => failed('no')), { copied: 0, failed: 3, 'not-attempted': 0 }],
    ['that was stopped', () => promotion(() => undefined), { copied: 0, failed: 0, 'not-attempted': 3 }],
    ['of which some went wrong', mixed, { copied: 1, failed: 1, 'not-attempted': 1 }],
  ])('of a promotion %s counts what was to be written by what became of it', (_what, make, expected) => {
    expect(make().summary).toMatchObject({ ...expected, copy: 2, 'add-tag': 1, edges: 9 });
  });

  it('counts every edge once', () => {
    const { summary } = reportOf(inputOf());
    const { present, copy, lost, conflict, unreadable } = summary;
    expect(present + copy + summary['add-tag'] + summary['tag-move'] + lost + conflict + unreadable).toBe(
      summary.edges,
    );
  });
});

describe('the items', () => {
  it('are the edges that are not present, and what is malformed', () => {
    const { items } = reportOf(inputOf());
    expect(items.map(({ decision, destination }) => `${decision} ${destination}`)).toEqual([
      'lost p.io/p/lost:v1',
      'tag-move p.io/p/moved:v1',
      'copy p.io/p/new:v1',
      `copy p.io/p/new@${B}`,
      'add-tag p.io/p/partly:v2',
      'unreadable p.io/p/silent:v1',
      'conflict p.io/p/torn:v1',
      'conflict p.io/p/torn:v1',
      'invalid null',
    ]);
  });

  it('are all edges where that is asked for', () => {
    const { items, summary } = reportOf(inputOf({ plan: planned(true) }));
    expect(items).toHaveLength(summary.edges + summary.invalid);
    expect(items.find(({ decision }) => decision === 'present')).toMatchObject({
      destination: 'p.io/p/there:v1',
      outcome: 'present',
    });
  });

  it('are sorted by destination as it is written', () => {
    const close = inFile('m.yaml')
      .from('s.io/s')
      .to('p.io/p')
      .promote({
        app: { [A]: ['v1'] },
        'app-extra': { [A]: ['v1'] },
        'app/sub': { [A]: ['v1'] },
        'app.x': { [A]: [] },
      });
    const plan = makePlan(expandEdges([close]), { destinations: new Map(), sources: new Map() });
    const destinations = reportOf(inputOf({ plan, problems: [] })).items.map(
      ({ destination }) => destination ?? '',
    );
    expect(destinations).toEqual(destinations.toSorted());
    expect(destinations).toHaveLength(4);
  });

  it('of a conflict name its other side and where it stands', () => {
    const [first] = reportOf(inputOf()).items.filter(({ decision }) => decision === 'conflict');
    expect(first).toMatchObject({ digest: A, outcome: 'not-attempted', at: 'm.yaml:15:80' });
    expect(first?.reason).toContain(`${B} at m.yaml:16:80`);
  });
});

describe('items for people', () => {
  it('have one item for each conflict', () => {
    const items = [
      { destination: 'a:v1', decision: 'conflict', digest: 1 },
      { destination: 'a:v1', decision: 'conflict', digest: 2 },
      { destination: 'a:v1', decision: 'conflict', digest: 3 },
      { destination: 'a:v2', decision: 'conflict', digest: 1 },
      { destination: 'a:v2', decision: 'conflict', digest: 2 },
      { destination: 'b:v1', decision: 'lost', digest: 4 },
      { destination: 'b:v1', decision: 'lost', digest: 5 },
      { destination: null, decision: 'invalid', digest: 6 },
      { destination: null, decision: 'invalid', digest: 7 },
    ] as const;
    const folded = foldConflicts(items);
    expect(Array.from(folded, ({ digest }) => digest)).toEqual([1, 1, 4, 5, 6, 7]);
    expect(Array.from(folded)).toHaveLength(6); // it is iterable more than once
  });
});

describe('an item that a script greps for', () => {
  const lines = () => reportOf(inputOf()).items.map(renderItemLine);

  it.each([
    ['_LOST_', 'p.io/p/lost:v1'],
    ['tag moves are not supported', 'p.io/p/moved:v1'],
    ['digest already exists in dst, but does not have the tag we want', 'p.io/p/partly:v2'],
    ['regular promotion', 'p.io/p/new:v1'],
    ['503', 'p.io/p/silent:v1'],
  ])('has the words %j', (words, destination) => {
    expect(lines().filter((line) => line.includes(words) && line.includes(destination))).toHaveLength(1);
  });

  it('of a tag move has both digests', () => {
    const line = lines().find((one) => one.startsWith('tag-move'));
    expect(line).toContain(A);
    expect(line).toContain(B);
  });

  it('is one line for each, the same every time', async () => {
    expect(lines()).toHaveLength(9);
    for (const line of lines()) expect(line).not.toContain('\n');
    await expect(`${lines().join('\n')}\n`).toMatchFileSnapshot('../../fixtures/reports/lines.txt');
  });

  it('says that a write has failed and why', () => {
    const line = mixed()
      .items.map(renderItemLine)
      .find((one) => one.includes('partly'));
    expect(line).toBe(
      `add-tag (failed): s.io/s/partly@${A} -> p.io/p/partly:v2: PUT https://p.io/v2/p/partly/manifests/v2: 403 (m.yaml:9:80)`,
    );
  });

  it('says that a run was stopped before its turn', () => {
    const { items } = mixed();
    expect(
      items.find(({ outcome, decision }) => outcome === 'not-attempted' && decision === 'copy')?.reason,
    ).toBe('the run was stopped before it was its turn');
  });

  it('explains every decision', () => {
    const plan = planned(true);
    expect(new Set(plan.items.map(({ decision }) => decision)).size).toBe(7);
    for (const item of plan.items) expect(explainItem(item)).not.toBe('');
  });
});

describe('the report for people', () => {
  it.each([
    ['dry run', () => reportOf(inputOf()), 'dry-run'],
    ['promotion', mixed, 'promotion'],
  ])('is as it has always been, after a %s', async (_what, make, name) => {
    await expect(`${renderTables(make())}\n`).toMatchFileSnapshot(`../../fixtures/reports/${name}.txt`);
    await expect(renderMarkdown(make())).toMatchFileSnapshot(`../../fixtures/reports/${name}.md`);
  });

  it('has a row for each decision, and outcomes after a promotion only', () => {
    const dry = renderTables(reportOf(inputOf()));
    for (const word of [
      'present',
      'copy',
      'add-tag',
      'tag-move',
      'lost',
      'conflict',
      'invalid',
      'unreadable',
    ]) {
      expect(dry).toMatch(new RegExp(`^${word} +\\d`, 'm'));
    }
    expect(dry).not.toMatch(/^copied/m);
    expect(renderTables(mixed())).toMatch(/^copied +1 /m);
  });

  it('in Markdown puts what needs a person first', () => {
    const text = renderMarkdown(mixed());
    expect(text.indexOf('### Problems')).toBeLessThan(text.indexOf('### Copied'));
    const problems = text.slice(text.indexOf('### Problems'), text.indexOf('### Copied'));
    expect(problems).toContain('partly:v2');
    expect(problems).not.toContain('p.io/p/new:v1');
  });

  it('in Markdown says nothing promoted of what was not', () => {
    const text = renderMarkdown(promotion(() => undefined));
    expect(text).not.toContain('### Copied');
    expect(text).toMatch(/^- \*\*not-attempted\*\* p\.io\/p\/new:v1 /m);
  });

  it('in Markdown fits a comment, however much there is to do', () => {
    const region = (number: number) => `us-west${number}-docker.pkg.dev/k8s-artifacts-prod/images`;
    const destinations = Array.from({ length: 22 }, (_, number) => region(number));
    const images = { moved: { [A]: ['v1.31.0-alpha.1'] }, fresh: { [B]: ['v1.31.0-alpha.1'] } };
    const names = Array.from({ length: 20 }, (_, number) =>
      Object.entries(images).map(([name, dmap]) => [`kubernetes/${name}-${number}`, dmap] as const),
    );
    const wanted = expandEdges([
      inFile('m.yaml')
        .from('gcr.io/k8s-staging')
        .to(...destinations)
        .promote(Object.fromEntries(names.flat())),
    ]);
    const plan = makePlan(wanted, {
      destinations: new Map(
        wanted.repositories.map(({ repository }) => [
          repository,
          there(repository.includes('moved') ? { 'v1.31.0-alpha.1': B } : {}),
        ]),
      ),
      sources: new Map(
        wanted.repositories.flatMap(({ list }) =>
          list.wants.flatMap(({ sources, digest }) =>
            sources.map((source) => [sourceKey(source, digest), { kind: 'present' }] as const),
          ),
        ),
      ),
    });
    expect(plan.counts).toMatchObject({ 'tag-move': 440, copy: 440 });
    const text = renderMarkdown(reportOf(inputOf({ plan, problems: [] })));
    expect(text.length).toBeLessThan(65_536);
    expect(text.match(/^- \*\*tag-move\*\* kubernetes\/moved-\d+:\S+ \S+ → 22 destinations/gm)).toHaveLength(
      20,
    );
    expect(text.match(/^\| kubernetes\/fresh-\d+ \|/gm)).toHaveLength(20);
  });

  it('in Markdown keeps its cells', () => {
    expect(renderMarkdownTable({ header: ['a'], rows: [['x|y\nz']] })).toBe('| a |\n| --- |\n| x\\|y z |');
  });

  it('lines its columns up', () => {
    expect(
      renderTable({
        header: ['name', 'n'],
        rows: [
          ['a', 1],
          ['long name', 22],
        ],
      }),
    ).toBe(['name        n', 'a           1', 'long name  22'].join('\n'));
  });
});

describe('the hosts', () => {
  it('are all that had edges or traffic, sorted', () => {
    const { hosts } = reportOf(inputOf());
    expect(Object.keys(hosts)).toEqual(['p.io', 's.io']);
    expect(hosts['p.io']).toMatchObject({ requests: 20, bytesOut: 900, edges: { copy: 2, present: 1 } });
    expect(hosts['s.io']).toMatchObject({
      requests: 7,
      retries: 1,
      interrupted: 3,
      throttled: 1,
      edges: { copy: 0 },
    });
  });

  it('without traffic have none', () => {
    const { hosts } = reportOf(inputOf({ traffic: new Map() }));
    expect(hosts['p.io']).toMatchObject({
      requests: 0,
      retries: 0,
      interrupted: 0,
      throttled: 0,
      identities: [],
      bytesIn: 0,
      bytesOut: 0,
    });
  });
});

describe('findings', () => {
  const [edge] = planned().items.filter(({ decision }) => decision === 'copy');
  const findings: readonly Finding[] = [
    { rule: 'b', level: 'warn', message: 'later', at: { file: 'm.yaml', line: 10, column: 1 }, edges: [] },
    {
      rule: 'a',
      level: 'error',
      message: 'not\nhere',
      advice: 'push it',
      at: { file: 'm.yaml', line: 9, column: 5 },
      edges: edge === undefined ? [] : [edgeId(edge)],
    },
    { rule: 'c', level: 'warn', message: 'of the run', at: undefined, edges: [] },
  ];
  const report = reportOf(inputOf({ findings }));

  it('are sorted by place, those of the whole run first, and name their edges', () => {
    expect(report.findings).toEqual([
      { rule: 'c', level: 'warn', message: 'of the run', at: '', edges: [] },
      {
        rule: 'a',
        level: 'error',
        message: 'not\nhere',
        advice: 'push it',
        at: 'm.yaml:9:5',
        edges: ['p.io/p/new:v1'],
      },
      { rule: 'b', level: 'warn', message: 'later', at: 'm.yaml:10:1', edges: [] },
    ]);
  });

  it('are one line each, with place, advice and rule', () => {
    expect(report.findings.map(renderFindingLine)).toEqual([
      'of the run [c]',
      'm.yaml:9:5: not here: push it [a]',
      'm.yaml:10:1: later [b]',
    ]);
  });

  it('are in Markdown, errors before the edges, and leave room for them', () => {
    const told = renderMarkdown(report);
    expect(told).toContain('- **error** m.yaml:9:5: not here: push it [a]\n');
    expect(told.indexOf('**error**')).toBeLessThan(told.indexOf('**lost**'));
    expect(told.indexOf('**lost**')).toBeLessThan(told.indexOf('**warn** of the run [c]'));
    const many = Array.from({ length: 5_000 }, () => findings[1] ?? findings[0]).flatMap((one) => one ?? []);
    const text = renderMarkdown(reportOf(inputOf({ findings: many })));
    expect(text.length).toBeLessThan(20_000);
    expect(text).toMatch(/… and \d+ more problems of other kinds, in the JSON report\./);
  });
});

describe('the exit code', () => {
  const good: Summary = {
    edges: 9,
    present: 5,
    copy: 3,
    'add-tag': 1,
    'tag-move': 0,
    lost: 0,
    conflict: 0,
    invalid: 0,
    unreadable: 0,
    blocked: 0,
    copied: 0,
    failed: 0,
    'not-attempted': 0,
  };
  const codeOf = (changes: Partial<Summary>, allowLost = false) =>
    exitCodeOf({ ...reportOf(inputOf()), summary: { ...good, ...changes } }, { allowLost });

  it.each([[{}], [{ copied: 4 }], [{ present: 9, copy: 0, 'add-tag': 0 }], [{ edges: 0 }]])(
    'is 0 for %j',
    (changes) => {
      expect(codeOf(changes)).toBe(0);
    },
  );

  it.each(['lost', 'tag-move', 'conflict', 'invalid', 'unreadable', 'blocked', 'failed', 'not-attempted'])(
    'is 1 when something is %s',
    (name) => {
      expect(codeOf({ [name]: 1 })).toBe(1);
    },
  );

  it.each([
    ['error', 1],
    ['warn', 0],
  ] as const)('of a finding of the level %s is %d', (level, code) => {
    const finding = { rule: 'rule', level, message: 'odd', at: '', edges: [] };
    const report = { ...reportOf(inputOf()), summary: good, findings: [finding] };
    expect(exitCodeOf(report, { allowLost: true })).toBe(code);
  });

  it('is 0 for lost images that are allowed, and for nothing else', () => {
    expect(codeOf({ lost: 3 }, true)).toBe(0);
    expect(codeOf({ lost: 3, failed: 1 }, true)).toBe(1);
  });
});
