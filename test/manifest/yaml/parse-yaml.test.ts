// Covers src/manifest/yaml/yaml-aliases.ts
// Covers src/manifest/yaml/yaml-tree.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertNever } from '../../../src/base/errors.ts';
import { SourceFile } from '../../../src/manifest/source-file.ts';
import { parseYaml } from '../../../src/manifest/yaml/parse-yaml.ts';
import type { YamlNode } from '../../../src/manifest/yaml/yaml-tree.ts';
import { runs } from '../../builders/property-runs.ts';
import { placesOf } from '../checks.ts';

function read(text: string) {
  const source = new SourceFile('m.yaml', text);
  const root = parseYaml(source);
  return { value: root === undefined ? undefined : valueOf(root), root, problems: source.problems };
}

/** Plain values; a plain scalar is its text in angle brackets. Maps are lists of pairs, so that nothing gets lost. */
function valueOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.plain ? `<${node.value}>` : node.value;
    case 'list':
      return node.items.map(valueOf);
    case 'map':
      return { map: node.entries.map(({ key, value }) => [key.value, valueOf(value)]) };
    default:
      return assertNever(node);
  }
}

describe('what YAML says', () => {
  it.each([
    ['nothing', '', '<>'],
    ['comments alone', '# No images yet\n', '<>'],
    ['an empty document', '---\n', '<>'],
    ['an end without a start', '...\n', '<>'],
    [
      'a number, a date and a boolean',
      '[1.10, 0x10, 1e3, 2021-01-01, yes]',
      ['<1.10>', '<0x10>', '<1e3>', '<2021-01-01>', '<yes>'],
    ],
    ['quoted text', `['it''s', "a\\tb"]`, ["it's", 'a\tb']],
    ['block text', '- |\n  a\n  b\n- >-\n  a\n  b\n', ['a\nb\n', 'a b']],
    [
      'a map with an empty value',
      'a:\nb: ~\n',
      {
        map: [
          ['a', '<>'],
          ['b', '<~>'],
        ],
      },
    ],
    [
      'a key twice',
      'a: 1\n"a": 2\n',
      {
        map: [
          ['a', '<1>'],
          ['a', '<2>'],
        ],
      },
    ],
    [
      'keys that are dangerous in JavaScript',
      '__proto__: 1\nconstructor: 2\n',
      {
        map: [
          ['__proto__', '<1>'],
          ['constructor', '<2>'],
        ],
      },
    ],
    ['a string tag', '[!!str ~, !<tag:yaml.org,2002:str> 1]', ['~', '1']],
    [
      'carriage returns',
      'a: 1\r\nb: 2\r\n',
      {
        map: [
          ['a', '<1>'],
          ['b', '<2>'],
        ],
      },
    ],
    ['a document with its end, and nothing behind it', 'a\n...\n# nothing\n---\n', '<a>'],
    ['a tagged list', '!!seq [a, !!seq [b]]', ['<a>', ['<b>']]],
    ['a tagged map', '!<tag:yaml.org,2002:map> {a: b}', { map: [['a', '<b>']] }],
    ['a tagged null', '[!!null ~, !!null]', ['<~>', '<>']],
    ['a document after a directive', '%YAML 1.2\n# comment\n---\na\n', '<a>'],
    ['dashes in a block text', '- |\n  ---\n  a\n', ['---\na\n']],
    ['an alias', '- &x [a]\n- *x\n', [['<a>'], ['<a>']]],
    ['an alias for a scalar', '- &x "a"\n- *x\n', ['a', 'a']],
    ['an anchor without text', '- &x\n- *x\n', ['<>', '<>']],
    ['an anchor used again', '[&x a, *x, &x b, *x]', ['<a>', '<a>', '<b>', '<b>']],
    ['an alias as a key', '- &x a\n- {*x : b}\n', ['<a>', { map: [['a', '<b>']] }]],
    [
      'a merge',
      '- &x {a: 1, b: 2}\n- <<: *x\n  b: 3\n',
      [
        {
          map: [
            ['a', '<1>'],
            ['b', '<2>'],
          ],
        },
        {
          map: [
            ['b', '<3>'],
            ['a', '<1>'],
          ],
        },
      ],
    ],
    [
      'a merge of several',
      '- &x {a: 1}\n- &y {a: 2, b: 2}\n- <<: [*x, *y]\n',
      [
        { map: [['a', '<1>']] },
        {
          map: [
            ['a', '<2>'],
            ['b', '<2>'],
          ],
        },
        {
          map: [
            ['a', '<1>'],
            ['b', '<2>'],
          ],
        },
      ],
    ],
    ['a quoted merge key, which is none', '"<<": a\n', { map: [['<<', '<a>']] }],
  ] as const)('is read from %s', (_what, text, expected) => {
    expect(read(text)).toMatchObject({ value: expected, problems: [] });
  });

  it.each([
    ['the first of several documents', '# first\n---\na\n---\nb: [\n', 5],
    ['a first document without its marker', 'a\n---\nb: [\n', 3],
    ['a first document with its end', 'a\n...\nb: [\n', 3],
    ['a first document before one on the line of its marker', 'a\r\n# end\r\n--- b\r\n', 3],
  ])('is read from %s, and a warning tells of the others', (_what, text, line) => {
    const warning = { severity: 'warning', rule: 'second-document', at: { line, column: 1 } };
    expect(read(text)).toMatchObject({ value: '<a>', problems: [warning] });
  });

  it.each([
    ['a list without its end', 'a: [1\n', ['2:1 yaml']],
    ['a tab for indentation', 'a:\n\tb: 1\n', ['2:1 yaml']],
    ['a null byte', 'a: b\0c\n', ['1:5 yaml']],
    ['a control character', 'a: b\u0001c\n', ['1:5 yaml']],
    ['an alias without anchor', 'a: *x\n', ['1:4 yaml']],
    ['an alias before its anchor', '- *x\n- &x a\n', ['1:3 yaml']],
    ['an alias inside of its anchor', 'a: &x [b, *x]\n', ['1:11 yaml']],
    ['an unknown tag', 'a: !foo b\n', ['1:4 yaml']],
    ['a binary', 'a: !!binary aGk=\n', ['1:4 yaml']],
    ['a list tagged as text', 'a: !!str [b]\n', ['1:4 yaml']],
    ['a list tagged as a map', 'a: !!map [b]\n', ['1:4 yaml']],
    ['text tagged as null', 'a: !!null b\n', ['1:4 yaml']],
    ['two tags in a file', '- !a b\n- !c d\n', ['1:3 yaml', '2:3 yaml']],
    ['a list as a key', '? [a]\n: b\n', ['1:3 yaml']],
    ['a merge of text', '<<: a\n', ['1:5 yaml']],
    ['deep nesting', '['.repeat(200), ['1:100 yaml']],
  ])('is refused with %s', (_what, text, places) => {
    const { root, problems } = read(text);
    expect(root).toBeUndefined();
    expect(placesOf(problems)).toEqual(places);
  });

  it('refuses aliases that stand for millions of nodes', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const items = level === 0 ? Array(9).fill('lol') : Array(9).fill(`*l${level - 1}`);
      return `- &l${level} [${items.join(', ')}]`;
    });
    const { root, problems } = read(levels.join('\n'));
    expect(root).toBeUndefined();
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/repeat more than 1000000 nodes/),
    ]);
  });

  it('reads megabytes of blanks and comments before a document', () => {
    expect(read(`${' \r\n# x\r\n'.repeat(100_000)}---\na\n`).value).toBe('<a>');
  });
});

describe('where it says so', () => {
  const TEXT = `# é\na: plain\r\n"b": "quoted"\nc:\n- |\n  block\n-\n- {d: ~, e: }\n-   # comment\n- !!str\n- &x\n`;

  it('points at the text of every node', () => {
    const source = new SourceFile('m.yaml', TEXT);
    const places: string[] = [];
    const visit = (node: YamlNode): void => {
      const { line, column } = source.positionOf(node.at);
      const text = TEXT.split('\n')[line - 1] ?? '';
      places.push(`${line}:${column} ${text.slice(column - 1).trimEnd()}`);
      if (node.kind === 'list') node.items.forEach(visit);
      if (node.kind === 'map') for (const { key, value } of node.entries) [key, value].forEach(visit);
    };
    const root = parseYaml(source);
    if (root !== undefined) visit(root);
    expect(places).toEqual([
      '2:1 a: plain',
      '2:1 a: plain',
      '2:4 plain',
      '3:1 "b": "quoted"',
      '3:6 "quoted"',
      '4:1 c:',
      '5:1 - |',
      '6:3 block',
      '7:1 -',
      '8:3 {d: ~, e: }',
      '8:4 d: ~, e: }',
      '8:7 ~, e: }',
      '8:10 e: }',
      '8:10 e: }',
      '9:1 -   # comment',
      '10:3 !!str',
      '11:3 &x',
    ]);
  });

  it('points at the spelling of any double quoted text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (texts) => {
        const spellings = texts.map((text) => JSON.stringify(text).replace(/\u007f/g, '\\u007f'));
        const yaml = spellings.map((spelling) => `- ${spelling}\n`).join('');
        const source = new SourceFile('m.yaml', yaml);
        const root = parseYaml(source);
        if (root?.kind !== 'list') throw new Error('expected a list');
        expect(root.items.map((item) => item.kind === 'scalar' && item.value)).toEqual(texts);
        root.items.forEach((item, index) => expect(yaml.startsWith(spellings[index]!, item.at)).toBe(true));
      }),
      runs({ seed: 1, numRuns: 200 }),
    );
  });
});
