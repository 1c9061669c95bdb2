// Covers src/manifest/edit/splice-images.ts
// Covers src/manifest/edit/insert.ts
// Covers src/manifest/edit/render-entry.ts
// Covers src/manifest/edit/text-layout.ts

import { readFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareText } from '../../../src/base/sorted.ts';
import { parseDigest } from '../../../src/image/digest.ts';
import { parseImageName } from '../../../src/image/repository.ts';
import { parseTag } from '../../../src/image/tag.ts';
import { unifiedDiff } from '../../../src/base/unified-diff.ts';
import { isCanonical } from '../../../src/manifest/format/format-manifest.ts';
import { editImages, type ImageAddition } from '../../../src/manifest/edit/edit-images.ts';
import { runs } from '../../builders/property-runs.ts';
import { digest } from '../checks.ts';

const [A, B, C] = [digest('a'), digest('b'), digest('c')];

/** `name@digest` or `name:tag@digest`. */
function parseAddition(addition: string): ImageAddition {
  const [, name = '', tag, hash = ''] = /^([^:@]+)(?::([^@]+))?@(.+)$/.exec(addition) ?? [];
  const parsed = {
    name: parseImageName(name),
    digest: parseDigest(hash),
    tag: tag === undefined ? undefined : parseTag(tag),
  };
  if (parsed.name === undefined || parsed.digest === undefined) throw new Error(`malformed: ${addition}`);
  return { ...parsed, name: parsed.name, digest: parsed.digest };
}

function add(text: string, ...additions: readonly string[]) {
  return editImages({ file: 'images.yaml', text }, additions.map(parseAddition));
}

function edited(text: string, ...additions: readonly string[]): string {
  const edit = add(text, ...additions);
  if (edit.kind !== 'edited') throw new Error(JSON.stringify(edit));
  return edit.text;
}

const LIST = `# owners: team-a

- name: app   # the app
  dmap:
    # the first release
    "${A}": ["v1"]   # January
    "${C}": ['v3', v3.0]

# about the tool
- name: tool
  dmap:
    "${B}":
    - v2
`;

describe('an addition to a list of images', () => {
  it.each([
    ['a first image', 'a:v1@', `- name: app `, `- name: a\n  dmap:\n    "${B}": ["v1"]\n`],
    ['an image between', 'b:v1@', `\n# about the tool`, `- name: b\n  dmap:\n    "${B}": ["v1"]\n`],
    ['a last image', 'z:v1@', '', `- name: z\n  dmap:\n    "${B}": ["v1"]\n`],
    ['a digest between', 'app:v2@', `    "${C}"`, `    "${B}": ["v2"]\n`],
    ['a digest without a tag', 'app@', `    "${C}"`, `    "${B}": []\n`],
    ['a tag in a block', 'tool:v3@', '', `    - "v3"\n`],
    ['a first tag in a block', 'tool:v1@', `    - v2`, `    - "v1"\n`],
  ])('puts %s into its sorted place and keeps every other byte', (_what, addition, before, added) => {
    const at = before === '' ? LIST.length : LIST.indexOf(before);
    expect(edited(LIST, addition + B)).toBe(LIST.slice(0, at) + added + LIST.slice(at));
  });

  it.each([
    ['a last tag', `app:v2@${A}`, '["v1"]', '["v1", "v2"]'],
    ['a first tag', `app:v2@${C}`, `['v3', v3.0]`, `["v2", 'v3', v3.0]`],
    ['a tag between', `app:v3-x@${C}`, `['v3', v3.0]`, `['v3', "v3-x", v3.0]`],
    ['a tag behind a plain one', `app:v4@${C}`, `['v3', v3.0]`, `['v3', v3.0, "v4"]`],
  ])('puts %s between the brackets', (_what, addition, before, after) => {
    expect(edited(LIST, addition)).toBe(LIST.replace(before, after));
  });

  const image = `- name: app\n  dmap:\n    "${A}": ["v1"]\n`;
  it.each([
    ['nothing', '', image],
    ['a comment', '# nothing yet\n', `# nothing yet\n${image}`],
    ['a comment without a line break', '# x', `# x\n${image}`],
    ['an empty list', '[]\n', image],
    ['an empty list after a comment', '# x\n[ ] # y\n', `# x\n${image.trimEnd()} # y\n`],
    ['no dmap', '- name: app\n', image],
    [
      'an unwritten dmap',
      '- name: app\n  dmap: # none\n',
      `- name: app\n  dmap: # none\n    "${A}": ["v1"]\n`,
    ],
    ['a null dmap', '- name: app\n  dmap: ~\n', `- name: app\n  dmap: {"${A}": ["v1"]}\n`],
    ['an empty dmap', '- name: app\n  dmap: {}\n', `- name: app\n  dmap: {"${A}": ["v1"]}\n`],
    ['unwritten tags', `- name: app\n  dmap:\n    ${A}:\n`, `- name: app\n  dmap:\n    ${A}: ["v1"]\n`],
    [
      'null tags',
      `- name: app\n  dmap:\n    ${A}: null # x\n`,
      `- name: app\n  dmap:\n    ${A}: ["v1"] # x\n`,
    ],
    ['no tags', `- name: app\n  dmap:\n    ${A}: []\n`, `- name: app\n  dmap:\n    ${A}: ["v1"]\n`],
    [
      'a dmap before the name',
      `- dmap: {"${A}": [v0]}\n  name: app\n`,
      `- dmap: {"${A}": [v0, "v1"]}\n  name: app\n`,
    ],
    [
      'no last line break',
      image.replace('v1', 'v0').trimEnd(),
      image.replace('"v1"', '"v0", "v1"').trimEnd(),
    ],
    ['a document marker', `---\n${image.replace('v1', 'v0')}`, `---\n${image.replace('"v1"', '"v0", "v1"')}`],
    [
      'a further document',
      `- name: a\n---\n- name: b\n`,
      `- name: a\n- name: app\n  dmap:\n    "${A}": ["v1"]\n---\n- name: b\n`,
    ],
  ])('fits a text with %s', (_what, text, expected) => {
    expect(edited(text, `app:v1@${A}`)).toBe(expected);
  });

  it('puts a digest at the place of its tag in a list that is sorted by tag', () => {
    const list = (...lines: readonly string[]) =>
      `- name: app\n  dmap:\n${lines.map((line) => `    ${line}\n`).join('')}`;
    const [first, last] = [`"${C}": ["v1"]`, `"${A}": ["v3"]`];
    expect(edited(list(first, last), `app:v2@${B}`, `app:v4@${digest('d')}`)).toBe(
      list(first, `"${B}": ["v2"]`, last, `"${digest('d')}": ["v4"]`),
    );
  });

  it('keeps the line breaks of Windows', () => {
    const windows = LIST.replaceAll('\n', '\r\n');
    expect(edited(windows, `b:v1@${B}`)).toBe(edited(LIST, `b:v1@${B}`).replaceAll('\n', '\r\n'));
    expect(edited(windows, `app:v2@${B}`)).toBe(edited(LIST, `app:v2@${B}`).replaceAll('\n', '\r\n'));
  });

  it('fits JSON, on one line or on many', () => {
    const value = [
      { name: 'app', dmap: { [A]: ['v1'] } },
      { name: 'tool', dmap: { [C]: ['v3'] } },
    ];
    for (const spaces of [0, 2]) {
      let text = JSON.stringify(value, null, spaces);
      for (const addition of [
        `b:v1@${B}`,
        `z:v1@${B}`,
        `app:v2@${A}`,
        `app:v0@${A}`,
        `tool:v2@${B}`,
        `a@${B}`,
      ]) {
        text = edited(text, addition);
      }
      expect(JSON.parse(text)).toEqual([
        { name: 'a', dmap: { [B]: [] } },
        { name: 'app', dmap: { [A]: ['v0', 'v1', 'v2'] } },
        { name: 'b', dmap: { [B]: ['v1'] } },
        { name: 'tool', dmap: { [B]: ['v2'], [C]: ['v3'] } },
        { name: 'z', dmap: { [B]: ['v1'] } },
      ]);
    }
  });

  it.each([`app:v1@${A}`, `app@${A}`, `tool:v2@${B}`])('%s is there already', (addition) => {
    expect(add(LIST, addition)).toEqual({ kind: 'unchanged' });
  });

  it('finds the digest of an image that stands there several times', () => {
    const twice = `${LIST}- name: app\n  dmap:\n    "${B}": [v2]\n`;
    expect(edited(twice, `app:v2.0@${B}`)).toBe(twice.replace('[v2]', '[v2, "v2.0"]'));
    expect(add(twice, `app:v2@${C}`)).toMatchObject({ kind: 'refused' });
  });

  it('never moves a tag, and says where it stands', () => {
    expect(add(LIST, `app:v1@${B}`)).toEqual({
      kind: 'refused',
      reasons: [`app:v1 is ${A} at images.yaml:6:5: a tag is not moved, choose another tag for ${B}`],
    });
  });

  it.each([
    ['YAML that does not parse', 'a: [', /is not a list of images/],
    ['a map', 'images: []\n', /is not a list of images/],
    ['a dmap that is text', '- name: app\n  dmap: x\n', /cannot be edited without other changes/],
    [
      'an alias that serves two images',
      `- name: a\n  dmap: &all\n    "${C}": [v9]\n- name: app\n  dmap: *all\n`,
      /add by hand - name: app dmap: "sha256:a+": \["v1"\]$/,
    ],
  ])('refuses %s in words', (_what, text, reason) => {
    expect(add(text, `app:v1@${A}`)).toEqual({ kind: 'refused', reasons: [expect.stringMatching(reason)] });
  });

  it('adds to real lists, and another line alone changes', async () => {
    for (const project of ['lws', 'ingress-nginx', 'sig-storage', 'etcdadm']) {
      const url = new URL(
        `../../../fixtures/manifests/thin/images/k8s-staging-${project}/images.yaml`,
        import.meta.url,
      );
      const text = await readFile(url, 'utf8');
      const added = edited(text, `new-image:v1@${A}`);
      const lines = new Set(text.split('\n'));
      expect(added.split('\n').filter((line) => !lines.has(line))).toContain('- name: new-image');
      expect(added.length - text.length).toBeLessThan(130);
    }
  });

  it('of a release of 30 images to a list of 12,000 lines changes 30 lines', () => {
    const hash = (number: number) => `sha256:${String(number).padStart(64, '0')}`;
    const image = (index: number) =>
      Array.from(
        { length: 400 },
        (_, version) => `    "${hash(index * 400 + 400 - version)}": ["v1.${version + 100}"]\n`,
      );
    const list = Array.from(
      { length: 30 },
      (_, index) => `- name: image-${index + 10}\n  dmap:\n${image(index).join('')}`,
    );
    const text = list.join('');
    const release = Array.from(
      { length: 30 },
      (_, index) => `image-${index + 10}:v1.600@${hash(90_000 + index)}`,
    );
    const after = edited(text, ...release);
    expect(unifiedDiff('images.yaml', text, after).match(/^[+-](?!--|\+\+).*$/gm)).toEqual(
      release.map((_, index) => `+    "${hash(90_000 + index)}": ["v1.600"]`),
    );
    expect(isCanonical(text) && isCanonical(after)).toBe(true);
  });

  it('in any order gives one sorted list', () => {
    const name = fc.constantFrom('a', 'app', 'app/sub', 'b', 'tool');
    const hash = fc.constantFrom(A, B, C);
    const tag = fc.constantFrom('', ':v1', ':v1.10', ':v2');
    const additions = fc.array(fc.tuple(name, tag, hash).map(([one, two, three]) => `${one}${two}@${three}`));
    fc.assert(
      fc.property(additions, (list) => {
        let text = '';
        for (const addition of list) {
          const edit = add(text, addition);
          if (edit.kind === 'edited') text = edit.text;
          else if (edit.kind === 'refused') expect(edit.reasons[0]).toContain('a tag is not moved');
        }
        const names = Array.from(text.matchAll(/^- name: (.*)$/gm), ([, found = '']) => found);
        expect(names).toEqual(Array.from(new Set(names)).toSorted(compareText));
      }),
      runs({ seed: 15, numRuns: 100 }),
    );
  });

  it('of many at once gives the text of one after the other', () => {
    const name = fc.constantFrom('a', 'app', 'app/sub', 'tool', 'zoo');
    const hash = fc.constantFrom(A, B, C);
    const tag = fc.constantFrom('', ':v1', ':v1.10', ':v2');
    const additions = fc.array(fc.tuple(name, tag, hash).map(([one, two, three]) => `${one}${two}@${three}`));
    const starts = fc.constantFrom(
      '',
      LIST,
      `[{name: app, dmap: {}}, {name: tool}]\n`,
      `- name: app\n  dmap:\n    "${A}": []\n    "${B}":\n- name: tool\n  dmap:\n`,
    );
    fc.assert(
      fc.property(starts, additions, (start, list) => {
        const together = add(start, ...list);
        let text = start;
        const refused = list.some((addition) => {
          const edit = add(text, addition);
          if (edit.kind === 'edited') text = edit.text;
          return edit.kind === 'refused';
        });
        if (refused) expect(together.kind).toBe('refused');
        else expect(together.kind === 'edited' ? together.text : start).toBe(text);
      }),
      runs({ seed: 17, numRuns: 300 }),
    );
  });

  it('comes last in a map that is in another order, by tag for example', () => {
    const byTag = `- name: app\n  dmap:\n    "${C}": ["v1"]\n    "${A}": ["v2"]\n`;
    expect(edited(byTag, `app:v3@${B}`)).toBe(`${byTag}    "${B}": ["v3"]\n`);
  });

  it('of one tag to two digests is refused', () => {
    expect(add('', `app:v1@${A}`, `app:v1@${B}`)).toEqual({
      kind: 'refused',
      reasons: [`app:v1 is ${A} too: a tag is not moved, choose another tag for ${B}`],
    });
  });
});
