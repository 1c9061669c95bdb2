// Covers src/manifest/snapshot/snapshot-csv.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeSnapshotImage, type SnapshotImage } from '../../../src/image/snapshot-image.ts';
import { readSnapshot } from '../../../src/manifest/snapshot/read-snapshot.ts';
import { renderSnapshot, SNAPSHOT_FORMATS } from '../../../src/workflows/snapshot/render.ts';
import { digest, tag } from '../../builders/manifests.ts';
import { testdir } from '../../builders/testdir.ts';

const ONE = digest('1');
const TWO = digest('2');

async function read(text: string) {
  const directory = await testdir({ snapshot: text });
  return await readSnapshot(`${directory}/snapshot`, new AbortController().signal);
}

const APP = {
  name: 'app',
  digests: [
    { digest: ONE, tags: [tag('1.10'), tag('v1')] },
    { digest: TWO, tags: [] },
  ],
};

describe('a snapshot', () => {
  it.each([
    ['YAML', `- name: app\n  dmap:\n    "${ONE}": ["1.10", "v1"]\n    "${TWO}": []\n`],
    [
      'YAML of kpromo, with one more line',
      `- name: app\n  dmap:\n    "${ONE}": ["1.10", "v1"]\n    "${TWO}": []\n\n`,
    ],
    [
      'YAML as it was before 2.4',
      `- name: app\n  dmap:\n    ${ONE}:\n    - 1.10\n    - v1\n    ${TWO}: []\n`,
    ],
    [
      'YAML in any order, an image in two parts',
      `- name: app\n  dmap: {"${TWO}": [], "${ONE}": [v1]}\n- name: app\n  dmap: {"${ONE}": [1.10, v1]}\n`,
    ],
    [
      'YAML with anchors',
      `- name: app\n  dmap: &d {"${TWO}": []}\n- name: app\n  dmap:\n    <<: *d\n    "${ONE}": [v1, "1.10"]\n`,
    ],
    [
      'one document with its markers',
      `---\n- {name: app, dmap: {"${ONE}": [v1, "1.10"], "${TWO}": []}}\n---\n`,
    ],
    [
      'YAML with comments',
      `# a\n- name: app # b\n# - c\n  dmap:\n    "${ONE}": [v1, "1.10"]\n\n    "${TWO}": []\n# d\n`,
    ],
    ['JSON', `[{"name":"app","dmap":{"${ONE}":["1.10","v1"],"${TWO}":[]}}]`],
    ['CSV', `app@${ONE},app:1.10\napp@${ONE},app:v1\napp@${TWO},-\n`],
    ['CSV of another system', `\r\napp@${TWO},-\r\napp@${ONE},app:v1\r\n\r\napp@${ONE},app:1.10`],
  ])('may be %s', async (_what, text) => {
    expect(await read(text)).toEqual({ images: [APP], problems: [] });
  });

  it.each([['', '\n', '# nothing\n', '[]\n']])('of nothing may be %j', async (text) => {
    expect(await read(text)).toEqual({ images: [], problems: [] });
  });

  it.each([
    ['registries:\n- name: x\n', /1:1: .*a snapshot is a list of images, not a map/],
    [`- name: app\n  dmap:\n    "sha256:1": []\n`, /3:5: .*it has 1 hex digits/],
    [
      `- name: app\n  dmap:\n    "${ONE}": []\n- name: b\n  dmap:\n    "sha256:1": []\n`,
      /6:5: .*it has 1 hex/,
    ],
    [`app@${ONE},app:v1\napp@${ONE},other:v1\n`, /2:1: .*expected name@digest/],
    [`app@${ONE},app:v1\napp@sha256:1,-\n`, /2:1: .*it has 1 hex digits/],
    [`app@${ONE},app:v1\nAPP@${ONE},-\n`, /2:1: .*lower case/],
    [`app@${ONE},app:v1\napp@${ONE},app:-x\n`, /2:1: .*invalid tag/],
    [
      `app@${ONE},app:v1\napp@${TWO},-\napp@${TWO},app:v1\n`,
      /^3:1: app:v1 is sha256:1+ in line 1 and sha256:2+ here/,
    ],
    [
      `- name: app\n  dmap:\n    "${ONE}": ["v1"]\n- name: b\n  dmap:\n    "${TWO}": ["v1"]\n- name: app\n  dmap:\n    "${TWO}": ["x", "v1"]\n`,
      /^9:\d+: app:v1 is sha256:1+ in line 3 and sha256:2+ here/,
    ],
    [
      `[{"name":"app","dmap":{"${ONE}":["v1"],\n"${TWO}":["v1"]}}]`,
      /^2:\d+: app:v1 is sha256:1+ in line 1 and/,
    ],
    [`app@${ONE},app:v1\nwhat is this\n`, /2:1: .*expected name@digest/],
  ])('that is %j has a problem with its place', async (text, words) => {
    const { problems } = await read(text);
    expect(problems.map(({ at, message }) => `${at.line}:${at.column}: ${message}`)).toEqual([
      expect.stringMatching(words),
    ]);
  });

  it('that is not there is a LayoutError', async () => {
    const asked = readSnapshot('/nowhere/at/all', new AbortController().signal);
    await expect(asked).rejects.toMatchObject({ code: 'file-unusable' });
  });

  // what YAML, of one version or the other, has another meaning for: as text it is what is written
  it.each(SNAPSHOT_FORMATS)(
    'of words that could be other things is read again as it was, in %s',
    async (format) => {
      const words = [
        'null',
        'true',
        'yes',
        'off',
        'y',
        '1e3',
        '0x10',
        '0o17',
        '0777',
        '2024-01-01',
        '1.5',
        '0b1',
        '12',
      ];
      const names = words.toSorted().map((name) => ({ name, digests: [{ digest: ONE, tags: [tag('v1')] }] }));
      const tags = [...words, 'NULL', 'Null', 'True', '1_000', '_1', '1E3', '1.e3']
        .toSorted()
        .map((word) => tag(word));
      const images = [{ name: '0', digests: [{ digest: ONE, tags }] }, ...names];
      expect(await read(await print(images, format))).toEqual({ images, problems: [] });
    },
  );

  it('that was printed is read again as it was, in every format', async () => {
    await fc.assert(
      fc.asyncProperty(snapshots, fc.constantFrom(...SNAPSHOT_FORMATS), async (images, format) => {
        expect(await read(await print(images, format))).toEqual({ images, problems: [] });
      }),
      { numRuns: 50 },
    );
  });
});

const tags = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,9}$/), { maxLength: 4 });
const dmaps = fc.dictionary(fc.constantFrom('0', '1', '7', 'a', 'f'), tags, { minKeys: 1, maxKeys: 4 });
const names = fc.stringMatching(/^[a-z0-9]{1,3}(?:[._/-][a-z0-9]{1,2}){0,3}$/);

const snapshots: fc.Arbitrary<SnapshotImage[]> = fc
  .dictionary(names, dmaps, { maxKeys: 5, noNullPrototype: true })
  .map((images) =>
    Object.entries(images)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, dmap]) => {
        const taken = new Set<string>(); // a tag is one digest
        const digests = Object.entries(dmap).map(([digit, all]) => {
          const own = all.filter((text) => !taken.has(text) && taken.add(text));
          return [digest(digit), own.map(tag)] as const;
        });
        return makeSnapshotImage(name, new Map(digests)) ?? [];
      }),
  );

async function print(images: readonly SnapshotImage[], format: (typeof SNAPSHOT_FORMATS)[number]) {
  const stream = (async function* () {
    yield* images;
  })();
  let text = '';
  for await (const piece of renderSnapshot(stream, { format })) text += piece;
  return text;
}
