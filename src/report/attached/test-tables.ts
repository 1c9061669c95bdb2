import { addTo } from '../../base/maps.ts';
import type { AttachedTable } from './attached-table.ts';
import { type FoldedItems, foldItems, type ItemsOf } from '../summary/fold-items.ts';
import type { TestCase } from './junit.ts';

/** An image of a report with all of its tags. */
interface ReportedImage {
  readonly image: string;
  readonly digest: string;
  readonly tags: Set<string>;
}

/**
 * A table of tests by image, and one by suite for the other tests. A test belongs to an image if its name, class, suites or
 * properties contain the digest or `NAME:TAG` of the image.
 */
export function makeTestTables(tests: readonly TestCase[], report: ItemsOf): readonly AttachedTable[] {
  const lookup = new ImageLookup(foldItems(report));
  const ofImages = new Map<ReportedImage, TestCase[]>();
  const others = new Map<string, TestCase[]>();
  for (const test of tests) {
    const found = lookup.find(test.texts);
    for (const image of found) addTo(ofImages, image, test);
    if (found.size === 0) addTo(others, test.suites.join(' / ') || '(no suite)', test);
  }
  return [
    tableOf('Test results by image', ['image', 'tags', 'digest'], rowsOf(ofImages, cellsOf)),
    tableOf(
      'Test results',
      ['suite'],
      rowsOf(others, (suite) => [suite]),
    ),
  ].filter(({ rows }) => rows.length > 0);
}

function cellsOf({ image, tags, digest }: ReportedImage): readonly string[] {
  return [
    image,
    Array.from(tags).toSorted().join(', ') || '(no tag)',
    digest.replace(/^\w+:/, '').slice(0, 12),
  ];
}

interface TestRow {
  readonly cells: readonly string[];
  readonly tests: readonly TestCase[];
}

function rowsOf<Key>(
  groups: ReadonlyMap<Key, readonly TestCase[]>,
  cells: (key: Key) => readonly string[],
): readonly TestRow[] {
  return Array.from(groups, ([key, tests]) => ({ cells: cells(key), tests })).toSorted(
    (a, b) => countOf(b, 'failed') - countOf(a, 'failed'),
  );
}

function tableOf(title: string, header: readonly string[], rows: readonly TestRow[]): AttachedTable {
  const failures = rows.flatMap(({ cells, tests }) =>
    tests
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ name, message }) => `failed: ${cells[0]}: ${name}${message === '' ? '' : `: ${message}`}`),
  );
  return {
    title,
    header: [...header, 'tests', 'passed', 'failed', 'skipped'],
    rows: rows.map((row) => [
      ...row.cells,
      row.tests.length,
      countOf(row, 'passed'),
      countOf(row, 'failed'),
      countOf(row, 'skipped'),
    ]),
    notes: Array.from(new Set(failures)),
  };
}

function countOf({ tests }: TestRow, outcome: TestCase['outcome']): number {
  return tests.filter((test) => test.outcome === outcome).length;
}

const DIGEST = /sha256:[0-9a-f]{64}/g;

class ImageLookup {
  /** By digest, and by `NAME:TAG`. */
  readonly #byText = new Map<string, ReportedImage[]>();

  constructor({ images }: FoldedItems) {
    const known = new Map<string, ReportedImage>();
    for (const { image, lines } of images) {
      for (const { tag, item } of lines) {
        const digest = item.digest ?? '';
        const key = `${image}@${digest}`;
        const reported = known.get(key) ?? { image, digest, tags: new Set<string>() };
        if (!known.has(key)) addTo(this.#byText, digest, reported);
        known.set(key, reported);
        if (tag === null) continue;
        reported.tags.add(tag);
        addTo(this.#byText, `${image}:${tag}`, reported);
      }
    }
  }

  find(texts: readonly string[]): ReadonlySet<ReportedImage> {
    const names = texts.flatMap((text) => [...(text.match(DIGEST) ?? []), ...referencesIn(text)]);
    return new Set(names.flatMap((name) => this.#byText.get(name) ?? []));
  }
}

/** Characters of the longest reference, with some room. */
const MAX_WORD = 1_000;

/** `a/b:v1` and `b:v1` for `a/b:v1`: any registry may precede the name. */
function referencesIn(text: string): readonly string[] {
  return text.split(/[^\w.:/-]/).flatMap((word) => {
    const colon = word.lastIndexOf(':');
    if (colon === -1 || word.length > MAX_WORD) return [];
    const parts = word.slice(0, colon).split('/');
    return parts.map((_, index) => `${parts.slice(index).join('/')}${word.slice(colon)}`);
  });
}
