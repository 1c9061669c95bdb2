import type { PageResult } from '../page-data.ts';
import { element } from './dom.ts';

/** A sign in a cell: no result is told by its colour alone. */
const SIGNS: Readonly<Record<string, string>> = {
  present: '=',
  copy: '+',
  'add-tag': '#',
  copied: '✓',
  repaired: '✓',
  'tag-move': '≠',
  different: '≠',
  lost: '?',
  missing: '−',
  incomplete: '~',
  conflict: '!',
  'not-attempted': '…',
  'not-checked': '…',
};

/** For every other problem. */
const FAILED = '×';

/** The sign of a result, which assistive technology reads as `label`; it skips a sign without one. */
export function signOf({ name, kind }: Pick<PageResult, 'name' | 'kind'>, label = ''): HTMLElement {
  const spoken =
    label === '' ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label, title: label };
  return element('span', { class: `sign ${kind}`, ...spoken }, SIGNS[name] ?? FAILED);
}

const RANK: Readonly<Record<PageResult['kind'], number>> = { done: 0, write: 1, problem: 2 };

/** The result that a cell of several destinations shows. */
export function worstOf(results: readonly PageResult[]): PageResult | undefined {
  const [first, ...others] = results;
  return first && others.reduce((worst, next) => (RANK[next.kind] > RANK[worst.kind] ? next : worst), first);
}
