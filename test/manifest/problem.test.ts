// Covers src/manifest/code-frame.ts
// Covers src/manifest/source-file.ts

import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/manifest/model.ts';
import { renderProblem, sortProblems } from '../../src/manifest/problem.ts';
import { SourceFile } from '../../src/manifest/source-file.ts';

function problemAt(text: string, offset: number): Problem {
  const source = new SourceFile('m.yaml', text);
  source.report({ rule: 'tag', message: 'bad' }, offset);
  const [problem] = source.problems;
  if (problem === undefined) throw new Error('nothing was reported');
  return problem;
}

function check(text: string, offset: number, expected: string): void {
  expect(`${renderProblem(problemAt(text, offset))}\n`).toBe(expected);
}

describe('a problem', () => {
  it('is shown with two lines before, a caret and one line after', () => {
    check(
      'one\ntwo\nthree\nfour\nfive\nsix\n',
      'one\ntwo\nthree\nfo'.length,
      'm.yaml:4:3: error: bad [tag]\n' +
        '  2 | two\n' +
        '  3 | three\n' +
        '> 4 | four\n' +
        '    |   ^\n' +
        '  5 | five\n',
    );
  });

  it('is shown at the start and at the end of a file', () => {
    check('one\ntwo\n', 0, 'm.yaml:1:1: error: bad [tag]\n> 1 | one\n    | ^\n  2 | two\n');
    check('one\ntwo\n', 8, 'm.yaml:3:1: error: bad [tag]\n  1 | one\n  2 | two\n');
  });

  it('has its line numbers below each other', () => {
    const text = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join('\n');
    check(
      text,
      text.indexOf('9'),
      'm.yaml:9:6: error: bad [tag]\n' +
        '   7 | line 7\n' +
        '   8 | line 8\n' +
        '>  9 | line 9\n' +
        '     |      ^\n' +
        '  10 | line 10\n',
    );
  });

  it.each(['\n', '\r\n', '\r'])('counts lines that end with %j', (lineBreak) => {
    expect(problemAt(['one', '', 'three'].join(lineBreak), 3 + 2 * lineBreak.length + 1)).toMatchObject({
      at: { line: 3, column: 2 },
      frame: '  1 | one\n  2 |\n> 3 | three\n    |  ^',
    });
  });

  it('has the caret below its place in a long line that is cut', () => {
    const { frame } = problemAt(`${'a'.repeat(500)}X${'b'.repeat(500)}\n`, 500);
    const [line = '', caret = ''] = frame.split('\n');
    expect(line.length).toBeLessThan(140);
    expect(line).toMatch(/^> 1 \| …a+Xb+…$/);
    expect(caret.indexOf('^')).toBe(line.indexOf('X'));
  });

  it('shows no control character and has the caret below its place all the same', () => {
    const { frame } = problemAt('a\u001b[31m\t\u202eX\n', 8);
    const [line = '', caret = ''] = frame.split('\n');
    expect(line).toBe('> 1 | a\\u001b[31m\\t\\u202eX');
    expect(caret.indexOf('^')).toBe(line.indexOf('X'));
  });

  it('has no frame where there is no text', () => {
    expect(renderProblem(problemAt('', 0))).toBe('m.yaml:1:1: error: bad [tag]');
  });

  it('cannot forge a line by the name of its file', () => {
    const problem = { ...problemAt('', 0), at: { file: 'a\nb.yaml', line: 1, column: 1 } };
    expect(renderProblem(problem)).toBe('a\\u000ab.yaml:1:1: error: bad [tag]');
  });

  it('is reported once', () => {
    const source = new SourceFile('m.yaml', 'text');
    source.report({ rule: 'tag', message: 'bad' }, 1);
    source.report({ rule: 'tag', message: 'bad' }, 1);
    source.report({ rule: 'digest', message: 'bad' }, 1);
    expect(source.problems).toHaveLength(2);
  });

  it('has no frame when it is one of thousands', () => {
    const source = new SourceFile('m.yaml', 'text\n'.repeat(5_000));
    for (let line = 0; line < 5_000; line++) source.report({ rule: 'tag', message: 'bad' }, line * 5);
    expect(source.problems).toHaveLength(5_000);
    expect(source.problems.filter(({ frame }) => frame !== '')).toHaveLength(1_000);
  });
});

it('problems are sorted by file, line and column as numbers', () => {
  const places = [
    ['b', 1, 1],
    ['a', 10, 1],
    ['a', 9, 10],
    ['a', 9, 9],
  ] as const;
  const problems = places.map(([file, line, column]) => ({
    ...problemAt('', 0),
    at: { file, line, column },
  }));
  const sorted = sortProblems(problems).map(({ at }) => [at.file, at.line, at.column]);
  expect(sorted).toEqual([
    ['a', 9, 9],
    ['a', 9, 10],
    ['a', 10, 1],
    ['b', 1, 1],
  ]);
});
