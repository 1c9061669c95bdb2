// Covers src/report/html/browser/page-model.ts
// Covers src/report/html/fold-rows.ts
// Covers src/report/html/interner.ts
// Covers src/report/html/make-matrix.ts
// Covers src/report/html/page-tables.ts
import assert from 'node:assert';
import { describe, expect, it } from 'vitest';
import { NO_FILTER, PageModel } from '../../../src/report/html/browser/page-model.ts';
import { makeReportPage } from '../../../src/report/html/report-page.ts';
import type { PageData } from '../../../src/report/html/page-data.ts';
import type { Report, ReportItem } from '../../../src/report/report.ts';
import { digest, inFile, tag } from '../../builders/manifests.ts';
import { failed, COPIED } from '../../../src/copy/outcome.ts';
import { EMPTY, numbered, registries, release, reportOf, SCENES, SOURCE } from '../summary/scenes.ts';

const pageOf = (report: Report) => makeReportPage(report, 1);
const modelOf = (report: Report) => new PageModel(pageOf(report).matrix);

/** Every edge of a page: its full name, digest, result and reason. */
function edgesOf(data: PageData): string[] {
  const model = new PageModel(data.matrix);
  return data.matrix.rows.flatMap((row, index) =>
    model.edgesOf(index).map(({ registry, result }) => {
      const name = model.fullName(registry, model.nameOf(index));
      return `${name} ${data.matrix.digests[row[2]]} ${data.matrix.results[result]?.name}`;
    }),
  );
}

function edgesIn(items: Iterable<ReportItem>, resultOf: (item: ReportItem) => string): string[] {
  return Array.from(items, (item) => `${item.destination} ${item.digest} ${resultOf(item)}`);
}

describe('the page of a report', () => {
  it.each(Object.entries(SCENES))('has every edge of it, with its result: %s', (_, scene) => {
    const report = scene();
    const resultOf = (item: ReportItem) =>
      report.mode === 'promotion' && 'outcome' in item ? item.outcome : item.decision;
    expect(edgesOf(pageOf(report)).toSorted()).toEqual(edgesIn(report.items, resultOf).toSorted());
  });

  it('has a row for each image and tag, and a column for each destination', () => {
    const { matrix, verdict, tables } = pageOf(SCENES['promotion-2-failures']());
    expect(matrix.rows).toHaveLength(30);
    expect(matrix.columns).toHaveLength(20);
    expect(matrix.cells).toHaveLength(2); // all copied, and all but two
    expect(matrix.projects).toEqual(['k8s-staging-kubernetes']);
    expect(verdict).toBe('Promoted 30 images to 20 destinations: 598 copied, 2 failed (exit 1)');
    expect(tables.map(({ title }) => title)).toEqual(['Edges', 'Hosts']);
  });

  it('has the traffic of hosts over time, if the run recorded more than one step', () => {
    const report = SCENES['promotion-2-failures']();
    const [first] = Object.entries(report.hosts);
    assert(first !== undefined);
    const [name, host] = first;
    const overTime = {
      stepMs: 2000,
      requests: [40, 0, 20],
      retries: [],
      throttled: [0, 3],
      bytesIn: [0, 0, 2_000_000],
      bytesOut: [0, 0, 400_000],
    };
    const tableOf = (series: typeof overTime) =>
      pageOf({ ...report, hosts: { [name]: { ...host, overTime: series } } }).tables.find(
        ({ title }) => title === 'Hosts over time',
      );
    expect(tableOf(overTime)?.rows).toEqual([[name, '█▁▅ 20/s', '▁▁█ 1.2 MB/s', '▁█▁ 3', '']]);
    expect(tableOf(overTime)?.note).toMatch(/^A bar is 2\.0 s of the run,/);
    expect(tableOf({ ...overTime, requests: [40], throttled: [], bytesIn: [1] })).toBeUndefined();
  });

  it('names the cause of a host once, whatever the errors of its edges say', () => {
    const { causes, matrix } = pageOf(SCENES['registry-down']());
    expect(causes).toEqual([{ title: 'no answer', text: expect.stringContaining('ECONNREFUSED') }]);
    expect(matrix.reasons).toEqual([
      ['', -1],
      [causes[0]?.text, 0],
    ]);
  });

  it('counts problems by reason, most edges first, without those of hosts', () => {
    const [down, lost] = [modelOf(SCENES['registry-down']()), modelOf(SCENES.lost())];
    expect(down.problems()).toEqual([]);
    expect(lost.problems()).toMatchObject([
      { result: 'lost', edges: 20, row: 0 },
      { result: 'lost', edges: 20, row: 1 },
    ]);
  });

  it('keeps one of the errors that differ in the host alone', () => {
    const outcomeOf = ({ destination }: { destination: string }) =>
      failed(`PUT https://${destination}: 418: teapot`);
    const { matrix } = pageOf(reportOf({ manifests: [release(2, registries(5))], outcomeOf }));
    expect(matrix.reasons).toHaveLength(2);
    expect(matrix.cells).toEqual([[[5, 0, 0]], [[5, 0, 1]]]);
  });

  it('says how many edges are present and not listed', () => {
    const images = { app: { [digest('a')]: ['v1'] }, lib: { [digest('b')]: ['v1'] } };
    const manifest = inFile('m.yaml').from(SOURCE).to('a.io', 'b.io', 'c.io').promote(images);
    const tags = new Map([[tag('v1'), digest('a')]]);
    const state = { ...EMPTY, exists: true, digests: new Set([digest('a')]), tags };
    const stateOf = (name: string) => (name.endsWith('/app') ? state : EMPTY);
    const { note, matrix } = pageOf(reportOf({ manifests: [manifest], stateOf }));
    expect(note).toBe('3 edges already present are not listed; -report-all lists them.');
    expect(matrix.rows).toHaveLength(1);
    expect(pageOf(SCENES['dry-run-600']()).note).toBe('');
  });
});

describe('columns', () => {
  const to = (...names: string[]) => {
    const manifest = inFile('m.yaml')
      .from(SOURCE)
      .to(...names)
      .promote({ app: { [numbered(1)]: ['v1'] } });
    return pageOf(reportOf({ manifests: [manifest] })).matrix;
  };

  it('are hosts where each has one registry', () => {
    expect(to('b.io/x', 'a.io/y').columns).toEqual(['a.io', 'b.io']);
  });

  it('are registries where a host has several', () => {
    expect(to('a.io/x', 'a.io/y', 'b.io/x').columns).toEqual(['a.io/x', 'a.io/y', 'b.io/x']);
  });

  it('are hosts where there are too many registries, and the last hosts share one', () => {
    const many = Array.from({ length: 50 }, (_, index) => `h${index % 25}.io/${index}`);
    expect(to(...many).columns).toHaveLength(25);
    const hosts = Array.from({ length: 70 }, (_, index) => `h${index}.io`);
    const { columns, registries: names } = to(...hosts);
    expect(columns).toHaveLength(61);
    expect(columns.at(-1)).toBe('other hosts');
    expect(names.filter(([, column]) => column === 60)).toHaveLength(10);
  });
});

describe('a filter', () => {
  const manifests = ['one', 'two'].map((project) =>
    inFile(`images/${project}/images.yaml`)
      .from(`gcr.io/staging-${project}`)
      .to('a.io/p', 'b.io/p')
      .promote({
        [`${project}-app`]: { [numbered(1)]: ['v1', 'v2'] },
        same: { [numbered(project === 'one' ? 2 : 3)]: [`x-${project}`] },
      }),
  );
  const outcomeOf = ({ destination, tag }: { destination: string; tag: unknown }) =>
    destination === 'b.io/p/one-app' && tag === 'v1' ? failed('418: teapot') : COPIED;
  const model = modelOf(reportOf({ manifests, outcomeOf }));
  const select = (filter: Partial<typeof NO_FILTER>) =>
    model.select({ ...NO_FILTER, ...filter }).map((row) => model.nameOf(row));
  const resultNamed = (name: string) => model.matrix.results.findIndex((result) => result.name === name);
  const all = ['one-app:v1', 'one-app:v2', 'same:x-one', 'same:x-two', 'two-app:v1', 'two-app:v2'];

  it.each<[string, Partial<typeof NO_FILTER>, readonly string[]]>([
    ['nothing', {}, all],
    ['words in any order', { text: ' V1  one-APP ' }, ['one-app:v1']],
    ['a digest', { text: numbered(3).slice(7, 40) }, ['same:x-two']],
    ['a source', { text: 'gcr.io/staging-one/same' }, ['same:x-one']],
    ['a file', { text: 'images/two/' }, ['same:x-two', 'two-app:v1', 'two-app:v2']],
    ['a project', { project: 1 }, ['same:x-two', 'two-app:v1', 'two-app:v2']],
    ['a result', { result: resultNamed('failed') }, ['one-app:v1']],
    ['a result at a host', { result: resultNamed('failed'), host: 'a.io' }, []],
    ['the same at the other', { result: resultNamed('failed'), host: 'b.io' }, ['one-app:v1']],
    ['a host of all', { host: 'a.io' }, all],
    ['a host of none', { host: 'c.io' }, []],
  ])('by %s', (_, filter, names) => {
    expect(select(filter)).toEqual(names);
  });

  it('by cause shows the images that it concerns, and the columns of a host', () => {
    const down = modelOf(SCENES['registry-down']());
    expect(down.select({ ...NO_FILTER, cause: 0 })).toHaveLength(4);
    expect(down.select({ ...NO_FILTER, cause: 0, host: down.hosts[0] ?? '' })).toHaveLength(0);
    expect(down.columnsAt(down.hosts[1] ?? '')).toEqual([1]);
    expect(down.columnsAt('')).toEqual([0, 1, 2]);
  });
});

describe('a link', () => {
  it('is the image and the tag, or the full name and the digest where others have that name, and leads back', () => {
    const conflict = modelOf(SCENES.conflicts());
    const links = conflict.matrix.rows.map((_, row) => conflict.linkOf(row));
    expect(links.filter((link) => link === 'app:v1')).toHaveLength(1);
    expect(new Set(links).size).toBe(links.length);
    expect(links.map((link) => conflict.find(link))).toEqual(links.map((_, row) => row));
  });

  it('is found by the full name at any destination', () => {
    const report = SCENES['dry-run-600']();
    const model = modelOf(report);
    for (const { destination } of Array.from(report.items).slice(0, 40)) {
      const found = model.find(destination ?? '');
      expect(destination?.endsWith(model.nameOf(found ?? -1))).toBe(true);
    }
    expect(model.find('nothing:v1')).toBeUndefined();
  });

  it('has the digest of an image without a tag', () => {
    const manifest = inFile('m.yaml')
      .from(SOURCE)
      .to('a.io/p')
      .promote({ app: { [numbered(1)]: [] } });
    const model = modelOf(reportOf({ manifests: [manifest] }));
    expect(model.linkOf(0)).toBe(`app@${numbered(1)}`);
    expect(model.find(`a.io/p/app@${numbered(1)}`)).toBe(0);
  });
});
