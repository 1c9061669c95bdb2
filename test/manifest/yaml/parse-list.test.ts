import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseImages } from '../../../src/manifest/parse-images.ts';
import { SourceFile } from '../../../src/manifest/source-file.ts';
import { parseList } from '../../../src/manifest/yaml/parse-list.ts';
import { kindOf } from '../../../src/manifest/yaml/yaml-tree.ts';
import { runs } from '../../builders/property-runs.ts';
import { digest, placesOf } from '../checks.ts';

const A = digest('a');
const B = digest('b');

/** The images of a text that is parsed in parts of at least so many characters, its problems, and the number of parts. */
function read(text: string, part: number) {
  const source = new SourceFile('images.yaml', text);
  const roots = parseList(
    source,
    (root, part) => (root.kind === 'list' ? parseImages(root, part) : kindOf(root)),
    { whole: 0, part },
  );
  return { values: roots.flat(), problems: source.problems, parts: roots.length };
}

/** The lines of lists, and lines that end a list, continue in another part or are no YAML. */
const LINE = fc.constantFrom(
  '- name: a',
  '- name: a',
  '- name: b/c',
  '- name: B',
  '- {name: b, dmap: {}}',
  '  dmap:',
  '  dmap:',
  `    ${A}: [v1]`,
  `    "${B}": ["v1", v2]`,
  `    "${B}": [-x]`,
  '    sha256:1: []',
  '    - v2',
  '  other: |',
  '  other: "x',
  '    - name: deep',
  '  - name: deeper',
  '-',
  '# x',
  '',
  '---',
  '...',
  '%YAML 1.2',
  '- &a',
  '- *a',
  '  <<: *a',
  '? b',
  "'",
  '"',
  '[',
  ']',
  '\t',
  'null',
  'images:',
);

describe('a list that is parsed in parts', () => {
  it('has the images and problems of the whole, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(LINE, { maxLength: 14 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.integer({ min: 1, max: 100 }),
        (lines, lineBreak, partLength) => {
          const text = lines.join(lineBreak);
          const { values, problems } = read(text, partLength);
          const whole = read(text, text.length + 1);
          expect(problems).toEqual(whole.problems);
          expect(values).toEqual(whole.values);
        },
      ),
      runs({ seed: 23, numRuns: 5_000 }),
    );
  });

  it('has parts of whole items', () => {
    const item = `- name: a\n  dmap:\n    "${A}": ["v1"]\n`;
    expect(read(item.repeat(10), item.length).parts).toBe(10);
    expect(read(item.repeat(10), item.length - 3).parts).toBe(10);
    expect(read(item.repeat(10), item.length + 1).parts).toBe(5);
    expect(read(item.repeat(10), item.length * 10).parts).toBe(1);
  });

  it('has the places and frames of its problems', () => {
    const { problems } = read(`# images\n- name: a\n  dmap: {}\n- name: b\n  dmap:\n    ${A}: [-x]\n`, 1);
    expect(placesOf(problems)).toEqual(['3:3 empty-dmap', '6:79 tag']);
    expect(problems[1]?.frame).toContain('4 | - name: b\n');
  });

  it.each([
    ['an alias', `- &a {name: a, dmap: {${A}: [v1]}}\n- *a\n`],
    ['an anchor', `- &a {name: a, dmap: {${A}: [v1]}}\n- {name: b, dmap: {${A}: [v1]}}\n`],
    ['a marker', `---\n- {name: a, dmap: {${A}: [v1]}}\n- {name: b, dmap: {${A}: [v1]}}\n`],
    ['JSON', `[{"name":"a","dmap":{"${A}":["v1"]}}]`],
    ['indented items', `  - {name: a, dmap: {${A}: [v1]}}\n  - {name: b, dmap: {${A}: [v1]}}\n`],
  ])('is one part with %s', (_what, text) => {
    const { values, problems, parts } = read(text, 1);
    expect(problems).toEqual([]);
    expect(values[0]).toMatchObject({ name: 'a', digests: [{ digest: A }] });
    expect(parts).toBe(1);
  });
});
