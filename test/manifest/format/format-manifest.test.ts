// Covers src/manifest/format/place-comments.ts
// Covers src/manifest/format/read-entries.ts
// Covers src/manifest/format/render-entries.ts
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatManifest, isCanonical } from '../../../src/manifest/format/format-manifest.ts';
import { parseImages } from '../../../src/manifest/parse-images.ts';
import { SourceFile } from '../../../src/manifest/source-file.ts';
import { parseYaml } from '../../../src/manifest/yaml/parse-yaml.ts';
import { runs } from '../../builders/property-runs.ts';
import { digest } from '../checks.ts';

const [A, B, C] = [digest('a'), digest('b'), digest('c')];

function formatted(text: string): string {
  const result = formatManifest(new SourceFile('images.yaml', text));
  if (result.kind !== 'formatted') throw new Error(JSON.stringify(result));
  return result.text;
}

/** Every image, digest and tag of a list, each as often as it is there. */
function contentOf(text: string): readonly string[] {
  const source = new SourceFile('images.yaml', text);
  const root = parseYaml(source);
  const images = root?.kind === 'list' ? parseImages(root, source) : [];
  return images
    .flatMap(({ name, digests }) => [
      name,
      ...digests.flatMap(({ digest: hash, tags }) => [
        hash,
        ...tags.map(({ tag }) => `${name}:${tag}@${hash}`),
      ]),
    ])
    .toSorted();
}

function commentsOf(text: string): readonly string[] {
  return Array.from(text.matchAll(/(?<=^|\s)#.*$/gm), ([comment]) => comment.trimEnd()).toSorted();
}

const CANONICAL = `# owners: team-a

# about the app
- name: app   # the app
  dmap:
    # the first release
    "${C}": ["v1", "v1.0"]   # January
    "${A}": ["v2"]

# about the tool
- name: tool
  dmap:
    "${B}": ["v2"]
    # "${C}": ["v3"]
# the end
`;

describe('the canonical form', () => {
  it('is kept', () => {
    expect(formatted(CANONICAL)).toBe(CANONICAL);
    expect(isCanonical(CANONICAL)).toBe(true);
  });

  const entry = `- name: app\n  dmap:\n    "${A}": ["v1", "v2"]\n`;
  it.each([
    ['single quotes', `- name: 'app'\n  dmap:\n    '${A}': ['v1', 'v2']\n`],
    ['no quotes', `- name: app\n  dmap:\n    ${A}: [v1, v2]\n`],
    ['tags on lines of their own', `- name: app\n  dmap:\n    ${A}:\n    - v2\n    - v1\n`],
    ['blanks in brackets', `- name: app\n  dmap:\n    "${A}": [ "v1","v2" ]\n`],
    ['tags in another order', `- name: app\n  dmap:\n    "${A}": ["v2", "v1"]\n`],
    ['other indentation', `  - name:   app\n    dmap:\n        "${A}" : ["v1", "v2"]  \n`],
    ['the name last', `- dmap:\n    "${A}": ["v1", "v2"]\n  name: app\n`],
    ['JSON', JSON.stringify([{ name: 'app', dmap: { [A]: ['v1', 'v2'] } }])],
    ['no last line break', entry.trimEnd()],
    ['blank lines around it', `\n\n${entry}\n \n`],
  ])('replaces %s', (_what, text) => {
    expect(formatted(text)).toBe(entry);
    expect(isCanonical(text)).toBe(false);
  });

  it.each([
    [
      'no tags',
      `- name: app\n  dmap:\n    ${A}:\n    ${B}: ~\n    ${C}: []\n`,
      `"${A}": []\n    "${B}": []\n    "${C}": []`,
    ],
    ['no dmap', '- name: app\n', '- name: app\n'],
    ['an empty dmap', '- name: app\n  dmap: { }\n', '- name: app\n  dmap: {}\n'],
    ['a null dmap', '- name: app\n  dmap:\n', '- name: app\n  dmap:\n'],
    ['a malformed digest', '- name: app\n  dmap:\n    sha256:12: [v1]\n', '    "sha256:12": ["v1"]\n'],
    [
      'a repeated digest',
      `- name: app\n  dmap:\n    ${A}: [v1]\n    ${A}: [v0]\n`,
      `"${A}": ["v1"]\n    "${A}": ["v0"]`,
    ],
    ['a name that means null', `- name: "null"\n  dmap:\n`, '- name: "null"\n'],
    ['a number as tag', `- name: app\n  dmap:\n    ${A}: [1.10]\n`, '["1.10"]'],
    ['a document marker', `# x\n---\n- name: app\n`, `# x\n---\n- name: app\n`],
    [
      'the line breaks of Windows',
      `- name: app\r\n  dmap:\r\n    ${A}: [v1]\r\n`,
      `- name: app\r\n  dmap:\r\n    "${A}": ["v1"]\r\n`,
    ],
    ['only comments', '\n# a\n\n# b  \n', '# a\n\n# b\n'],
    ['nothing', '', ''],
    ['an empty list', '# x\n[]  # y\n', '# x\n[]  # y\n'],
  ])('keeps %s', (_what, text, expected) => {
    expect(formatted(text)).toContain(expected);
    expect(formatted(formatted(text))).toBe(formatted(text));
  });
});

describe('the order', () => {
  const list = (...names: readonly string[]) => names.map((name) => `- name: ${name}\n`).join('');

  it('is that of the names, and duplicates are kept', () => {
    expect(formatted(`- name: b\n- name: a\n  dmap: {}\n- name: b\n- name: a\n`)).toBe(
      `- name: a\n  dmap: {}\n${list('a', 'b', 'b')}`,
    );
  });

  it('is kept between blocks, which begin at a blank line', () => {
    expect(formatted(`# 1.1\n${list('b', 'a')}\n\n# 1.0\n${list('d', 'c')}`)).toBe(
      `# 1.1\n${list('a', 'b')}\n# 1.0\n${list('c', 'd')}`,
    );
  });

  it('is that of one form where blank lines precede a field that moves to the top', () => {
    const text = formatted(`- dmap: {}\n\n  # about b\n\n  name: b\n- dmap: {}\n\n  name: a\n`);
    expect(text).toBe(`- name: a\n  dmap: {}\n# about b\n- name: b\n  dmap: {}\n`);
    expect(formatted(text)).toBe(text);
  });

  it('of digests is that of their smallest tag, unless they are sorted by digest', () => {
    const dmap = (...lines: readonly string[]) =>
      `- name: app\n  dmap:\n${lines.map((line) => `    ${line}\n`).join('')}`;
    const [a, b, c] = [`"${A}": ["v2", "v3"]`, `"${B}": ["v1"]`, `"${C}": ["v1.1"]`];
    expect(formatted(dmap(a, b, c))).toBe(dmap(a, b, c));
    expect(formatted(dmap(b, c, a))).toBe(dmap(b, c, a));
    expect(formatted(dmap(b, a, c))).toBe(dmap(b, c, a));
  });

  it('takes along the comment above an entry, and leaves the heading of a block', () => {
    expect(formatted(`# about b\n- name: b\n# about a\n- name: a\n`)).toBe(
      `# about a\n- name: a\n# about b\n- name: b\n`,
    );
    expect(formatted(`# about all\n- name: b\n- name: a # first\n`)).toBe(
      `# about all\n- name: a # first\n- name: b\n`,
    );
    expect(formatted(`# yaml-language-server: $schema=x\n- name: b\n# a\n- name: a\n`)).toBe(
      `# yaml-language-server: $schema=x\n# a\n- name: a\n- name: b\n`,
    );
  });

  it('of registries is kept, and their fields and other sections are too', () => {
    const text = [
      '# head',
      'registries:',
      '  - name: "gcr.io/staging"',
      '    src: true',
      '',
      '  # Europe',
      `  - service-account: 'a@b.iam.gserviceaccount.com' # who`,
      '    name: eu.gcr.io/prod',
      'imagesPath: "../x.yaml"',
      'provenance:',
      '    mode:   warn  # soon',
      '    signers: [ a, b ]',
      'images:',
      '  - {name: b, dmap: {}} # b',
      '  - {name: a, dmap: {}}',
      '',
    ];
    expect(formatted(text.join('\n'))).toBe(
      [
        '# head',
        'registries:',
        '- name: "gcr.io/staging"'.replaceAll('"', ''),
        '  src: true',
        '',
        '# Europe',
        '- name: eu.gcr.io/prod',
        '  service-account: a@b.iam.gserviceaccount.com # who',
        'imagesPath: "../x.yaml"',
        'provenance:',
        '    mode:   warn  # soon',
        '    signers: [ a, b ]',
        'images:',
        '- name: a',
        '  dmap: {}',
        '- name: b',
        '  dmap: {} # b',
        '',
      ].join('\n'),
    );
  });
});

describe('a file that has no canonical form', () => {
  it.each([
    ['an anchor', `- &x\n  name: a\n`, '1:3'],
    ['an alias', `- name: a\n  dmap: &d {}\n- name: b\n  dmap: *d\n`, '2:9'],
    ['a merge key', `- &x\n  name: a\n- <<: *x\n`, '1:3'],
    ['a tag', `- name: !!str a\n`, '1:9'],
    ['a carriage return alone', `# one\r# two\r- name: app\r  dmap: {}\r`, '1:6'],
    ['a block scalar', `- name: >-\n    a\n    b\n`, '2:5'],
    ['a multi-line scalar', `- name: a\n    b\n`, '1:9'],
    ['a second document', `- name: a\n---\n- name: b\n`, '2:1'],
    ['a complex key', `- ? name\n  : a\n`, '1:3'],
    ['a list of lists', `- - a\n`, '1:3'],
    ['tags that are text', `- name: a\n  dmap:\n    ${A}: v1\n`, '3:78'],
    ['text', 'images', '1:1'],
  ])('is not formatted for %s, with the position', (_what, text, place) => {
    const result = formatManifest(new SourceFile('f', text));
    expect(result).toMatchObject({ kind: 'kept' });
    expect(result.kind === 'kept' && `${result.at.line}:${result.at.column}`).toBe(place);
    expect(isCanonical(text)).toBe(true);
  });

  it.each([
    ['- name: [\n', /not valid YAML/],
    ['\t- name: a\n', /not valid YAML/],
  ])('has its faults where it is not YAML: %j', (text, message) => {
    const result = formatManifest(new SourceFile('f', text));
    expect(result).toMatchObject({
      kind: 'unparsable',
      problems: [{ message: expect.stringMatching(message) }],
    });
  });
});

describe('every file of real manifests', () => {
  const root = join(import.meta.dirname, '../../../fixtures/manifests');
  const files = ['thin', 'plain'].flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml') && name !== 'quirks.yaml') // which has anchors
      .map((name) => join(directory, name)),
  );

  it('is there', () => expect(files.length).toBeGreaterThan(5));

  it.each(files)('%s formats to one form with the same content and comments', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const after = formatted(text);
    expect(formatted(after)).toBe(after);
    expect(contentOf(after)).toEqual(contentOf(text));
    expect(commentsOf(after)).toEqual(commentsOf(text));
  });
});

/** Lists of images in many spellings, with comments and blank lines anywhere. */
const LISTS = (() => {
  const comment = fc.constantFrom('', '', '', ' # a', '  # b: [', " # it's", ' # "q');
  const filler = fc.constantFrom('', '', '', '', '\n', '# x\n', '    # deep: {\n', '  # mid\n', '\n# y\n\n');
  const tag = fc.constantFrom('v1', 'v2', '1.10', 'v1.0-rc.1');
  const quoted = (text: string) => fc.constantFrom(text, `"${text}"`, `'${text}'`);
  const quotedTags = fc.uniqueArray(tag, { maxLength: 3 }).chain((tags) => fc.tuple(...tags.map(quoted)));
  const tags = fc.tuple(quotedTags, comment, filler).chain(([list, after, between]) => {
    const inBrackets = [`[${list.join(', ')}]${after}`, `[ ${list.join(',')} ]${after}`];
    const onLines = list.map((one) => `\n${between}    - ${one}${after}`).join('');
    return fc.constantFrom(...(list.length === 0 ? inBrackets : [...inBrackets, onLines]));
  });
  const entry = fc
    .tuple(fc.constantFrom(A, B, C, digest('d')).chain(quoted), tags, filler)
    .map(([hash, list, above]) => `${above}    ${hash}: ${list}\n`);
  const image = fc
    .tuple(
      fc.constantFrom('a', 'b', 'b/c', 'null-x').chain(quoted),
      fc.array(entry, { maxLength: 4 }),
      comment,
      filler,
      fc.boolean(),
    )
    .map(([name, entries, beside, above, isReversed]) => {
      const dmap = `dmap:${entries.length === 0 ? ' {}' : ''}${beside}\n${entries.join('')}`;
      const fields = [`name: ${name}${beside}\n`, dmap];
      const [first, second] = isReversed ? fields.toReversed() : fields;
      return `${above}- ${first}${above}  ${second}`;
    });
  return fc.tuple(fc.array(image, { maxLength: 5 }), filler, fc.boolean()).map(([images, end, isWindows]) => {
    const text = images.join('') + end;
    return isWindows ? text.replaceAll('\n', '\r\n') : text;
  });
})();

describe('any list', () => {
  it('formats to one form, and keeps its content and comments', () => {
    fc.assert(
      fc.property(LISTS, (text) => {
        const after = formatted(text);
        expect(formatted(after)).toBe(after);
        expect(contentOf(after)).toEqual(contentOf(text));
        expect(commentsOf(after)).toEqual(commentsOf(text));
      }),
      runs({ seed: 17, numRuns: 300 }),
    );
  });

  it('is formatted to one form or left alone, whatever the text', () => {
    const piece = fc.constantFrom(
      '- name: a',
      '  dmap:',
      `    ${A}: [v1]`,
      `    "${B}":`,
      '    - v2',
      '# x',
      ' # y',
      '',
      '---',
      '...',
      '  ',

      'images:',
      'registries:',
      '- {name: b, dmap: {}}',
      '- &a',
      '*a',
      '? b',
      '|',
      "'",
      '"',
      '[',
      ']',
      '\t',
      'null',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n', ' '),
        (pieces, between) => {
          const result = formatManifest(new SourceFile('f', pieces.join(between)));
          if (result.kind !== 'formatted') return;
          expect(formatted(result.text)).toBe(result.text);
          expect(commentsOf(result.text)).toEqual(commentsOf(pieces.join(between)));
        },
      ),
      runs({ seed: 18, numRuns: 5_000 }),
    );
  });
});
