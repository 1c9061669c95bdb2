import { assertNever } from '../../base/errors.ts';
import type { FoldedRows, ImageLine } from '../../report/html/fold-rows.ts';
import { Interner } from '../../report/html/interner.ts';
import { makeMatrix } from '../../report/html/make-matrix.ts';
import type { PageData, PageReason, Run } from '../../report/html/page-data.ts';
import { countOf } from '../../base/text.ts';
import type { Difference, DiffCounter } from './compare.ts';

interface Comparison {
  readonly titles: { readonly a: string; readonly b: string };
  readonly counter: DiffCounter;
  readonly isComplete: boolean;
}

/** The page of a comparison: a row for each tag that differs, and a column for each side. */
export function makeDiffPage(differences: readonly Difference[], comparison: Comparison): PageData {
  const { titles, counter, isComplete } = comparison;
  const isGood = counter.isEqual && isComplete;
  return {
    title: 'Comparison',
    verdict: verdictOf(comparison),
    isGood,
    facts: [
      ['A', titles.a],
      ['B', titles.b],
    ],
    note: '',
    matrix: makeMatrix(foldDifferences(differences, [`A: ${titles.a}`, `B: ${titles.b}`]), 'sides'),
    causes: [],
    tables: [],
  };
}

function verdictOf({ counter: { counts, isEqual }, isComplete }: Comparison): string {
  const found = isEqual
    ? 'No differences'
    : [
        `${countOf(counts['only-in-a'], 'digest')} only in A`,
        `${countOf(counts['only-in-b'], 'digest')} only in B`,
        countOf(counts.tag, 'different tag'),
      ].join(', ');
  return isComplete ? found : `${found}; not everything could be compared`;
}

const PRESENT = 0;
const MISSING = 1;
const DIFFERENT = 2;

function foldDifferences(differences: readonly Difference[], sides: readonly string[]): FoldedRows {
  const edges = [0, 0, 0];
  const reasons = new Interner<PageReason>();
  const reasonOf = (text: string) => reasons.indexOf(text, () => [text, -1]);
  const images = new Map<string, ImageLine[]>();
  const moved = new Set(differences.flatMap((one) => (isMoved(one) ? `${one.image}:${one.tag}` : [])));
  for (const difference of differences) {
    const lines = images.get(difference.image) ?? [];
    images.set(difference.image, lines);
    for (const line of linesOf(difference, { reasonOf, moved })) {
      lines.push(line);
      for (const [count, result] of line.runs) edges[result] = (edges[result] ?? 0) + count;
    }
  }
  return {
    images: Array.from(images, ([image, lines]) => ({ image, registries: sides, lines })),
    results: [
      { name: 'present', kind: 'done', edges: edges[PRESENT] ?? 0 },
      { name: 'missing', kind: 'problem', edges: edges[MISSING] ?? 0 },
      { name: 'different', kind: 'problem', edges: edges[DIFFERENT] ?? 0 },
    ],
    reasons: reasons.values,
  };
}

/** A tag of both sides: its digests have no row by themselves. */
function isMoved(difference: Difference): difference is Extract<Difference, { kind: 'tag' }> {
  return difference.kind === 'tag' && difference.a !== undefined && difference.b !== undefined;
}

interface LineOptions {
  readonly reasonOf: (text: string) => number;
  /** `image:tag` of each moved tag. */
  readonly moved: ReadonlySet<string>;
}

function linesOf(difference: Difference, { reasonOf, moved }: LineOptions): readonly ImageLine[] {
  const none = reasonOf('');
  const one = (side: 'a' | 'b'): readonly Run[] => [
    [1, side === 'a' ? PRESENT : MISSING, none],
    [1, side === 'a' ? MISSING : PRESENT, none],
  ];
  const line = { source: null, at: '' };
  switch (difference.kind) {
    case 'only-in-a':
    case 'only-in-b': {
      const { digest, tags } = difference;
      const runs = one(difference.kind === 'only-in-a' ? 'a' : 'b');
      const shown = tags.filter((tag) => !moved.has(`${difference.image}:${tag}`));
      return (tags.length === 0 ? [null] : shown).map((tag) => ({ ...line, tag, digest, runs }));
    }
    case 'tag': {
      const { tag, a, b } = difference;
      if (a === undefined) return [{ ...line, tag, digest: b ?? '', runs: one('b') }];
      if (b === undefined) return [{ ...line, tag, digest: a, runs: one('a') }];
      return [{ ...line, tag, digest: a, runs: [[2, DIFFERENT, reasonOf(`A has ${a}, B has ${b}`)]] }];
    }
    default:
      return assertNever(difference);
  }
}
