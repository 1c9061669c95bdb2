import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../doubles/tools.ts';

/** A fenced block of shell commands in README.md or docs/. */
export interface ShellBlock {
  /** `docs/plan.md:5`: the line of its fence. */
  readonly at: string;
  readonly text: string;
  /** The comment in the line above it. */
  readonly marker: string;
  /** Set by `<!-- runs -->`, `<!-- runs: exit 1 -->` and `<!-- runs after a promotion -->`. */
  readonly run?: { readonly exitCode: number; readonly isPromoted: boolean };
}

const FENCE = /^( *)```(?:sh|bash|shell|console)\n([\s\S]*?)^\1```$/gm;
const RUNS = /^<!-- runs( after a promotion)?(?:: exit (\d+))? -->$/;

/** The blocks of all pages. */
export function shellBlocks(): readonly ShellBlock[] {
  const docs = readdirSync(join(repositoryRoot(), 'docs'), { recursive: true, encoding: 'utf8' });
  const pages = ['README.md', ...docs.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)];
  return pages.toSorted().flatMap(blocksOf);
}

function blocksOf(page: string): ShellBlock[] {
  const content = readFileSync(join(repositoryRoot(), page), 'utf8');
  return Array.from(content.matchAll(FENCE), ({ index, 2: text = '' }) => {
    const lines = content.slice(0, index).split('\n');
    const marker = lines.at(-2)?.trim() ?? '';
    const [match, after, exitCode = '0'] = RUNS.exec(marker) ?? [];
    const block = { at: `${page}:${lines.length}`, text, marker };
    if (match === undefined) return block;
    return { ...block, run: { exitCode: Number(exitCode), isPromoted: after !== undefined } };
  });
}
