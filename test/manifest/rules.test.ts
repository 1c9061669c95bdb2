import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTag } from '../../src/image/tag.ts';
import { sortProblems } from '../../src/manifest/problem.ts';
import { runs } from '../builders/property-runs.ts';
import { digest, imagesOf, parse, placesOf, REGISTRIES } from './checks.ts';

const A = digest('a');
const B = digest('b');
const C = digest('c');

/** A manifest of these images; their text begins in line 6. */
function withImages(images: string): string {
  return `${REGISTRIES}images:\n${images}`;
}

/** A manifest of these registries; their text begins in line 2. */
function withRegistries(registries: string): string {
  return `registries:\n${registries}images: []\n`;
}

describe('images', () => {
  it.each([
    ['dmap: {}', '- name: app\n  dmap: {}\n', '7:3'],
    ['dmap:', '- name: app\n  dmap:\n', '7:3'],
    ['dmap: ~', '- {name: app, dmap: ~}\n', '6:15'],
    ['no dmap', '- name: app\n', '6:3'],
  ])('may be announced by %j, which is worth a warning', (_what, announced, place) => {
    const { manifest, problems } = parse(withImages(`${announced}- name: b\n  dmap: {"${A}": [v1]}\n`));
    expect(placesOf(problems)).toEqual([`${place} empty-dmap`]);
    expect(problems[0]?.severity).toBe('warning');
    expect(imagesOf(manifest)).toEqual(['app: ', 'b: a=v1']);
  });

  it.each([
    ['tags', `- name: app\n  dmap:\n    "${A}": ["v1", latest]\n`, ['app: a=v1,latest']],
    ['no tags', `- name: app\n  dmap:\n    "${A}": []\n    "${B}": ~\n    "${C}":\n`, ['app: a= b= c=']],
    [
      'text that YAML has a type for',
      `- name: 123\n  dmap: {"${A}": [1.0, 1.10, 0x10, 1e3, yes, 2021-01-01, _]}\n`,
      ['123: a=1.0,1.10,0x10,1e3,yes,2021-01-01,_'],
    ],
    [
      'plain words that Go reads as they are written',
      `- name: 0x10\n  dmap: {"${A}": [true, yes, 1e3, 0777, 1_000, 2024-01-01, 1.10]}\n`,
      ['0x10: a=true,yes,1e3,0777,1_000,2024-01-01,1.10'],
    ],
    ['quoted words', `- name: app\n  dmap: {"${A}": ["null", 'true']}\n`, ['app: a=null,true']],
    [
      'a name several times',
      `- name: app\n  dmap: {"${A}": [v1]}\n- name: app\n  dmap: {"${A}": [v2]}\n`,
      ['app: a=v1', 'app: a=v2'],
    ],
    ['one tag twice', `- name: app\n  dmap: {"${A}": [v1, v2, v1]}\n`, ['app: a=v1,v2']],
    ['one tag at two digests', `- name: app\n  dmap: {"${A}": [v1], "${B}": [v1]}\n`, ['app: a=v1 b=v1']],
    [
      'a nested name',
      `- name: group/sub.group/app__x\n  dmap: {"${A}": [v1]}\n`,
      ['group/sub.group/app__x: a=v1'],
    ],
    ['no images', '', []],
    ['an empty list', '[]\n', []],
  ])('may have %s', (_what, images, expected) => {
    const { manifest, problems } = parse(withImages(images.replace(/^\[/, '  [')));
    expect(problems).toEqual([]);
    expect(imagesOf(manifest)).toEqual(expected);
  });

  it.each([
    ['a bad tag, alone', `- name: app\n  dmap:\n    "${A}": ["a b", v2]\n`, ['8:81 tag'], ['app: a=v2']],
    [
      'a digest whose every tag is bad',
      `- name: app\n  dmap:\n    "${A}": [-x]\n    "${B}": [v2]\n`,
      ['8:81 tag'],
      ['app: b=v2'],
    ],
    ['an image whose every digest is bad', `- name: app\n  dmap:\n    "${A}": [-x]\n`, ['8:81 tag'], []],
    ['a null tag', `- name: app\n  dmap: {"${A}": [~, null, v1]}\n`, ['7:86 tag', '7:89 tag'], ['app: a=v1']],
    ['an empty tag', `- name: app\n  dmap: {"${A}": ["", v1]}\n`, ['7:86 tag'], ['app: a=v1']],
    ['a list as a tag', `- name: app\n  dmap: {"${A}": [[v0], v1]}\n`, ['7:86 tag'], ['app: a=v1']],
    [
      'a tag outside of a list',
      `- name: app\n  dmap:\n    "${A}": v1\n    "${B}": [v2]\n`,
      ['8:80 shape'],
      ['app: b=v2'],
    ],
    [
      'a map of tags',
      `- name: app\n  dmap:\n    "${A}": {v1: v1}\n    "${B}": [v2]\n`,
      ['8:80 shape'],
      ['app: b=v2'],
    ],
    [
      'a bad digest, alone',
      `- name: app\n  dmap:\n    "${A.slice(1)}": [v1]\n    "${B}": [v2]\n`,
      ['8:5 digest'],
      ['app: b=v2'],
    ],
    [
      'a bad digest and its bad tag',
      `- name: app\n  dmap:\n    "sha256:x": [-v1]\n    "${B}": [v2]\n`,
      ['8:5 digest', '8:18 tag'],
      ['app: b=v2'],
    ],
    [
      'a digest twice, both',
      `- name: app\n  dmap:\n    "${A}": [v1]\n    ${A}: [v2]\n    "${B}": [v3]\n`,
      ['9:5 duplicate-key'],
      ['app: b=v3'],
    ],
    [
      'a bad name',
      `- name: App\n  dmap: {"${A}": [v1]}\n- name: b\n  dmap: {"${A}": [v1]}\n`,
      ['6:9 image-name'],
      ['b: a=v1'],
    ],
    ['an empty name', `- name: ""\n  dmap: {"${A}": [v1]}\n`, ['6:9 empty-name'], []],
    ['a missing name', `- dmap: {"${A}": [v1]}\n`, ['6:3 empty-name'], []],
    ['a name that is a list', `- name: [app]\n  dmap: {"${A}": [v1]}\n`, ['6:9 shape'], []],
    ['a dmap of text', `- name: app\n  dmap: ${A}\n`, ['7:9 shape'], []],
    ['a dmap that is a list', `- name: app\n  dmap: [v1]\n`, ['7:9 shape'], []],
    [
      'an unknown field',
      `- name: app\n  dmap: {"${A}": [v1]}\n  __proto__: {}\n- name: b\n  dmap: {"${A}": [v1]}\n`,
      ['8:3 unknown-field'],
      ['b: a=v1'],
    ],
    ['a field twice', `- name: app\n  name: other\n  dmap: {"${A}": [v1]}\n`, ['7:3 duplicate-key'], []],
    [
      'a field twice, the first of them bad',
      `- name: app\n  dmap: {"sha256:x": [v1]}\n  dmap: {"${A}": [v1]}\n`,
      ['7:10 digest', '8:3 duplicate-key'],
      [],
    ],
    ['text instead of an image', `- app\n- name: b\n  dmap: {"${A}": [v1]}\n`, ['6:3 shape'], ['b: a=v1']],
    ['nothing instead of an image', `-\n- name: b\n  dmap: {"${A}": [v1]}\n`, ['6:1 shape'], ['b: a=v1']],
    [
      'everything at once',
      `- name: App\n  other: x\n  dmap: {"sha256:x": [-v1]}\n`,
      ['6:9 image-name', '7:3 unknown-field', '8:10 digest', '8:23 tag'],
      [],
    ],
  ])('are left out for %s', (_what, images, places, expected) => {
    const { manifest, problems } = parse(withImages(images));
    expect(placesOf(problems).toSorted()).toEqual(places.toSorted());
    expect(imagesOf(manifest)).toEqual(expected);
  });

  it('may be announced by a bare dmap, which is worth a warning', () => {
    const { manifest, problems } = parse(withImages('- name: app\n  dmap:\n'));
    expect(problems.map(({ severity }) => severity)).toEqual(['warning']);
    expect(placesOf(problems)).toEqual(['7:3 empty-dmap']);
    expect(imagesOf(manifest)).toEqual(['app: ']);
  });

  it('of an alias are reported once', () => {
    const text = withImages(
      `- name: app\n  dmap: &d {"${A}": [-x], "${B}": [v1]}\n- name: other\n  dmap: *d\n`,
    );
    const { manifest, problems } = parse(text);
    expect(placesOf(problems)).toEqual(['7:89 tag']);
    expect(imagesOf(manifest)).toEqual(['app: b=v1', 'other: b=v1']);
  });

  it('know their positions', () => {
    const { manifest } = parse(withImages(`- name: app\n  dmap:\n    "${A}": [v1]\n`));
    const image = manifest?.images[0];
    expect(image?.at).toEqual({ file: 'm.yaml', line: 6, column: 3 });
    expect(image?.digests[0]?.at).toEqual({ file: 'm.yaml', line: 8, column: 5 });
    expect(image?.digests[0]?.tags[0]?.at).toEqual({ file: 'm.yaml', line: 8, column: 81 });
  });
});

describe('registries', () => {
  it.each([
    ['true', true],
    ['True', true],
    ['yes', true],
    ['Y', true],
    ['on', true],
    ['ON', true],
    ['false', false],
    ['no', false],
    ['off', false],
    ['n', false],
    ['~', false],
    ['', false],
  ])('read src: %s as %s', (spelling, expected) => {
    const sourceLine = expected ? '' : '- {name: b.io/x, src: true}\n';
    const { manifest, problems } = parse(
      withRegistries(`- name: a.io/x\n  src: ${spelling}\n- name: c.io/x\n${sourceLine}`),
    );
    expect(problems).toEqual([]);
    expect(manifest?.source.name).toBe(expected ? 'a.io/x' : 'b.io/x');
  });

  it.each([
    [
      'one destination twice',
      '- {name: a.io/x, src: true}\n- {name: b.io/x, service-account: s@p}\n- {name: b.io/x, service-account: s@p}\n',
      ['b.io/x'],
    ],
    [
      'nested destinations',
      '- {name: a.io/x, src: true}\n- {name: b.io/x}\n- {name: b.io/x/y}\n',
      ['b.io/x', 'b.io/x/y'],
    ],
    [
      'ports and the local host',
      '- {name: "localhost:5000/x", src: true}\n- {name: localhost/x}\n- {name: "127.0.0.1:5000"}\n',
      ['localhost/x', '127.0.0.1:5000'],
    ],
    [
      'an empty service account',
      '- {name: a.io/x, src: true}\n- {name: b.io/x, service-account: }\n',
      ['b.io/x'],
    ],
  ])('may have %s', (_what, registries, expected) => {
    const { manifest, problems } = parse(withRegistries(registries));
    expect(problems).toEqual([]);
    expect(manifest?.destinations.map(({ name }) => name)).toEqual(expected);
  });

  it('keep the service account', () => {
    const { manifest } = parse(
      withRegistries('- {name: a.io/x, src: true}\n- {name: b.io/x, service-account: me@b}\n'),
    );
    expect(manifest?.destinations).toEqual([
      { name: 'b.io/x', serviceAccount: 'me@b', at: { file: 'm.yaml', line: 3, column: 3 } },
    ]);
  });

  it.each([
    ['a scheme', '- {name: "https://c.io/x"}\n', ['4:10 registry-name']],
    ['a slash at the end', '- {name: c.io/x/}\n', ['4:10 registry-name']],
    ['no host', '- {name: library/nginx}\n', ['4:10 registry-name']],
    ['upper case', '- {name: c.io/X}\n', ['4:10 registry-name']],
    ['no name', '- {src: false}\n', ['4:3 empty-name']],
    ['an empty name', '- {name: ""}\n', ['4:10 empty-name']],
    ['an unknown field', '- {name: c.io/x, token: t}\n', ['4:18 unknown-field']],
    ['a field twice', '- {name: c.io/x, name: d.io/x}\n', ['4:18 duplicate-key']],
    ['a quoted src', '- {name: c.io/x, src: "true"}\n', ['4:23 shape']],
    ['a number as src', '- {name: c.io/x, src: 1}\n', ['4:23 shape']],
    ['a list as name', '- {name: [c.io/x]}\n', ['4:10 shape']],
    ['text instead of a map', '- c.io/x\n', ['4:3 shape']],
    ['the name of the source', '- {name: a.io/x}\n', ['4:10 destination']],
    ['a malformed account', '- {name: c.io/x, service-account: me}\n', ['4:35 service-account']],
    ['a name as well', '- {name: C, service-account: me}\n', ['4:10 registry-name', '4:30 service-account']],
    ['the same name, another account', '- {name: b.io/x, service-account: s@p}\n', ['4:10 destination']],
  ])('are left out for %s', (_what, registry, places) => {
    const { manifest, problems } = parse(
      withRegistries(`- {name: a.io/x, src: true}\n- {name: b.io/x}\n${registry}`),
    );
    expect(placesOf(problems)).toEqual(places);
    expect(manifest?.destinations.map(({ name }) => name)).toEqual(['b.io/x']);
  });

  it.each([
    ['no registries', '', ['2:1 one-source']],
    ['an empty list', 'registries: []\n', ['1:13 one-source']],
    ['no source', 'registries:\n- {name: b.io/x}\n', ['2:1 one-source']],
    [
      'two sources',
      'registries:\n- {name: a.io/x, src: true}\n- {name: b.io/x, src: true}\n- {name: c.io/x}\n',
      ['3:3 one-source'],
    ],
    [
      'three sources',
      'registries:\n- {name: a.io/x, src: true}\n- {name: a.io/x, src: true}\n- {name: b.io/x, src: y}\n- {name: c.io/x}\n',
      ['3:3 one-source', '4:3 one-source'],
    ],
    [
      'a broken source, which is said once',
      'registries:\n- {name: A, src: true}\n- {name: b.io/x}\n',
      ['2:10 registry-name'],
    ],
    [
      'a source with a broken src',
      'registries:\n- {name: a.io/x, src: maybe}\n- {name: b.io/x}\n',
      ['2:23 shape'],
    ],
    [
      'a malformed account of the source',
      'registries:\n- {name: a.io/x, src: true, service-account: "a b@c"}\n- {name: b.io/x}\n',
      ['2:46 service-account'],
    ],
    [
      'no good destination',
      'registries:\n- {name: a.io/x, src: true}\n- {name: B}\n',
      ['3:10 destination', '3:10 registry-name'],
    ],
    ['registries of text', 'registries: a.io/x\n', ['1:13 shape']],
    ['an unknown field', `${REGISTRIES}renames: []\n`, ['5:1 unknown-field']],
    ['the field of a thin manifest', `${REGISTRIES}imagesPath: x\n`, ['5:1 unknown-field']],
    ['a field twice', `${REGISTRIES}"registries": []\n`, ['5:1 duplicate-key']],
    ['images of text', `${REGISTRIES}images: x\n`, ['5:9 shape']],
    ['a list instead of a map', '- a\n', ['1:1 shape']],
    ['nothing at all', '# nothing\n', ['1:1 one-source']],
    [
      'a bad source alone',
      'registries:\n- {name: A, src: true}\n',
      ['2:10 destination', '2:10 registry-name'],
    ],
  ])('leave the whole manifest out for %s', (_what, text, places) => {
    const { manifest, problems } = parse(text.replace(/^$/, '# no registries\nimages: []\n'));
    expect(placesOf(problems).toSorted()).toEqual(places);
    expect(manifest).toBeUndefined();
  });

  it.each([
    ['a scheme', '{name: "https://b.io/x"}', 'write it without the scheme'],
    ['a bad account', '{name: b.io/x, service-account: nobody}', 'invalid service account'],
    ['the name of the source', '{name: a.io/x}', 'is the source registry itself'],
    ['no name', '{service-account: a@b.io}', "'name' field cannot be empty"],
  ])('name %s before the lack of destinations that follows', (_what, entry, cause) => {
    const { problems } = parse(`registries:\n- {name: a.io/x, src: true}\n- ${entry}\n`);
    const messages = sortProblems(problems).map(({ message }) => message);
    expect(messages).toEqual([
      expect.stringContaining(cause),
      expect.stringContaining('no destination registry'),
    ]);
  });

  it('promote nothing for a source alone, which is worth a warning', () => {
    const { manifest, problems } = parse('registries:\n- {name: a.io/x, src: true}\n');
    expect(problems).toMatchObject([
      { severity: 'warning', rule: 'destination', message: expect.stringContaining('nothing to promote') },
    ]);
    expect(manifest).toBeUndefined();
  });
});

describe('messages', () => {
  it.each([
    [
      '63 digits',
      `images: [{name: app, dmap: {"${A.slice(0, -1)}": []}}]`,
      /invalid digest "sha256:a+": it has 63 hex digits, expected 64/,
    ],
    [
      'another algorithm',
      `images: [{name: app, dmap: {"md5:00": []}}]`,
      /expected "sha256:" and 64 hex digits/,
    ],
    [
      'an upper case digest',
      `images: [{name: app, dmap: {"${A.replace(/a+$/, 'A'.repeat(64))}": []}}]`,
      /have to be in lower case/,
    ],
    [
      'a digest with other letters',
      `images: [{name: app, dmap: {"sha256:xyz": []}}]`,
      /expected 64 hex digits \(0-9, a-f\)/,
    ],
    [
      'a long tag',
      `images: [{name: app, dmap: {"${A}": [${'x'.repeat(129)}]}}]`,
      /it has 129 characters, at most 128/,
    ],
    [
      'a tag called null',
      `images: [{name: app, dmap: {"${A}": [null]}}]`,
      /if it is called so, write "null"/,
    ],
    ['a name with a tag', `images: [{name: "app:v1", dmap: {"${A}": []}}]`, /expected the bare name/],
    ['a name with a slash', `images: [{name: /app, dmap: {"${A}": []}}]`, /remove the slash/],
    [
      'a typing error',
      `images: [{names: app, dmap: {"${A}": []}}]`,
      /field "names" not found in an image: did you mean "name"\?/,
    ],
    [
      'a duplicate',
      `images: [{name: app, dmap: {"${A}": [], '${A}': []}}]`,
      /key "sha256:a+" already set in map at m\.yaml:5:29/,
    ],
    [
      'a control character',
      `images: [{name: "a\\u202eb\\n", dmap: {"${A}": []}}]`,
      /invalid image name "a\\u202eb\\n"/,
    ],
  ])('explain %s', (_what, images, expected) => {
    expect(parse(`${REGISTRIES}${images}\n`).problems[0]?.message).toMatch(expected);
  });
});

describe('any text', () => {
  it('is a tag exactly where the grammar of tags says so', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('aZ09_.-~ /:é')) }), (text) => {
        const spelling = JSON.stringify(text);
        const source = withImages(`- name: app\n  dmap:\n    "${A}": [${spelling}, last]\n`);
        const { manifest, problems } = parse(source);
        const tags = manifest?.images[0]?.digests[0]?.tags.map(({ tag }): string => tag);
        expect(tags).toEqual(parseTag(text) === undefined ? ['last'] : Array.from(new Set([text, 'last'])));
        for (const { at } of problems) {
          expect(source.split('\n')[at.line - 1]?.startsWith(spelling, at.column - 1)).toBe(true);
        }
      }),
      runs({ seed: 2, numRuns: 300 }),
    );
  });
});
