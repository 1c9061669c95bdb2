import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../doubles/run-cip.ts';
import { findTool, repositoryRoot, runTool } from '../doubles/tools.ts';

// The workflows for GitHub: our own, the one of examples/, and those on the pages of docs/.

const ROOT = repositoryRoot();
const FILES = ['.github', 'examples/github/.github'].flatMap((folder) =>
  filesIn(`${folder}/workflows`, /[.]ya?ml$/),
);
const ON_PAGES = filesIn('docs', /[.]md$/).flatMap(workflowsOf);

const actionlint = findTool('actionlint') !== undefined;
if (!actionlint) console.error('not found, so the workflows are not linted: actionlint');

describe('the workflows', () => {
  it('are found', () => {
    expect(FILES.map((file) => basename(file)).toSorted()).toEqual([
      'ci.yml',
      'promotion.yml',
      'release.yml',
      'verify.yml',
    ]);
    expect(ON_PAGES.length).toBeGreaterThanOrEqual(5);
  });

  it.skipIf(!actionlint)('have no finding of actionlint', async () => {
    const directory = join(temporaryDirectory(), '.github/workflows');
    mkdirSync(directory, { recursive: true });
    const copies = ON_PAGES.map(({ at, text }) => {
      const copy = join(directory, `${at.replaceAll(/\W/g, '-')}.yml`);
      writeFileSync(copy, text);
      return copy;
    });
    const { stdout } = await runTool('actionlint', ['-no-color', ...FILES, ...copies], { codes: [0, 1] });
    expect(stdout).toBe('');
  });

  it('name each action of others by its commit, with its version beside it', () => {
    for (const file of [...FILES, join(ROOT, 'action.yml')]) {
      const actions = Array.from(
        readFileSync(file, 'utf8').matchAll(/\buses: (.+)$/gm),
        ([, action]) => action,
      );
      const loose = actions.filter(
        (action) => !/^(?:\.\/|OWNER\/cip@COMMIT\b|\S+@[0-9a-f]{40} # v\d)/.test(action ?? ''),
      );
      expect(loose, file).toEqual([]);
    }
  });
});

function filesIn(folder: string, ending: RegExp): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => ending.test(file)).map((file) => join(ROOT, folder, file));
}

/** The fenced blocks of a page that are whole workflows. */
function workflowsOf(page: string) {
  const text = readFileSync(page, 'utf8');
  const blocks = Array.from(text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm), ({ index, 1: block = '' }) => ({
    at: `${basename(page)}:${text.slice(0, index).split('\n').length}`,
    text: block,
  }));
  return blocks.filter((block) => /^jobs:$/m.test(block.text) && block.text.includes('runs-on:'));
}
