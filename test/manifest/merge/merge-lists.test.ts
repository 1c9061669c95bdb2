// Covers src/manifest/merge/find-contradictions.ts
// Covers src/manifest/merge/list-content.ts
// Covers src/manifest/merge/mark-contradictions.ts
// Covers src/manifest/merge/remove-entries.ts
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readListContent, type ThreeTexts } from '../../../src/manifest/merge/list-content.ts';
import { type LineMerges, mergeLists } from '../../../src/manifest/merge/merge-lists.ts';
import { editImages, type ImageAddition } from '../../../src/manifest/edit/edit-images.ts';
import { parseDigest } from '../../../src/image/digest.ts';
import { parseImageName } from '../../../src/image/repository.ts';
import { parseTag } from '../../../src/image/tag.ts';
import { runs } from '../../builders/property-runs.ts';
import { digest } from '../checks.ts';

const [A, B, C] = [digest('a'), digest('b'), digest('c')];

/** Git, where every line conflicts. */
const NO_HELP: LineMerges = {
  marked: async () => ({ text: '<<<<<<< ours\n', isClean: false }),
  union: async () => '',
};

/** Git, where the lines of two sides fit together. */
function clean(text: string): LineMerges {
  return { marked: async () => ({ text, isClean: true }), union: async () => text };
}

function entriesOf(text: string): readonly string[] {
  return Array.from(readListContent(text)?.entries.keys() ?? []).toSorted();
}

async function merged(texts: ThreeTexts, lines: LineMerges = NO_HELP): Promise<string> {
  const merge = await mergeLists(texts, lines);
  if (merge.kind !== 'merged') throw new Error(JSON.stringify(merge));
  return merge.text;
}

const image = (name: string, ...lines: readonly string[]) =>
  `- name: ${name}\n  dmap:\n${lines.map((line) => `    ${line}\n`).join('')}`;
const BASE = `# owners\n${image('app', `"${A}": ["v1"]   # first`)}${image('tool', `"${B}": ["v1"]`)}`;

describe('a merge of two lists', () => {
  it('takes the images, digests and tags that each side adds', async () => {
    const ours = BASE.replace('["v1"]   #', '["v1", "v1.0"]   #');
    const theirs = BASE.replace('["v1"]   #', '["stable", "v1"]   #') + image('zoo', `"${C}": ["v9"]`);
    expect(await merged({ base: BASE, ours, theirs })).toBe(
      BASE.replace('["v1"]   #', '["stable", "v1", "v1.0"]   #') + image('zoo', `"${C}": ["v9"]`),
    );
  });

  it('takes away what each side removes', async () => {
    const base = BASE.replace('["v1"]   #', '["v1", "v2"]   #') + image('zoo', `"${C}": ["v9"]`);
    const ours = base.replace(image('zoo', `"${C}": ["v9"]`), '');
    const theirs = base.replace('"v1", "v2"', '"v1"').replace(image('tool', `"${B}": ["v1"]`), '');
    expect(await merged({ base, ours, theirs })).toBe(
      `# owners\n${image('app', `"${A}": ["v1"]   # first`)}`,
    );
  });

  it('takes a digest that one side removes out of several', async () => {
    const base = image('app', `"${A}": ["v1"]`, `"${B}": ["v2"] # second`, `"${C}": []`);
    const theirs = image('app', `"${A}": ["v1"]`, `"${C}": []`);
    const ours = base.replace('"v1"', '"v1", "x"');
    expect(await merged({ base, ours, theirs })).toBe(theirs.replace('"v1"', '"v1", "x"'));
  });

  it('moves a tag that one side moves', async () => {
    const base = image('app', `"${A}": ["v1"]`);
    const theirs = base.replace(`"${A}": ["v1"]`, `"${C}": ["v1"]`);
    const ours = base + image('zoo', `"${C}": ["v9"]`);
    expect(entriesOf(await merged({ base, ours, theirs }))).toEqual(
      entriesOf(theirs + image('zoo', `"${C}": ["v9"]`)),
    );
  });

  it.each([
    ['a comment that both sides keep', '- v1 # first\n', '- v2 # second\n', ''],
    ['one of two equal comments', '- v1 # note\n', '- v2 # note\n', ''],
    ['a malformed entry', '- v1\n', '- v2\n', '- "no tag!"\n'],
  ])('does not lose %s', async (_, first, second, theirs) => {
    const list = (tags: string) => `- name: app\n  dmap:\n    "${A}":\n${tags.replaceAll(/^/gm, '      ')}`;
    const base = list(first + second);
    const merge = await mergeLists(
      { base, ours: list(`${first}${second}- v3\n`), theirs: list(first + theirs) },
      NO_HELP,
    );
    expect(merge).toMatchObject({ kind: 'by-lines', isClean: false });
  });

  it.each([
    ['an image without digests', '- name: new\n  dmap: {}\n', /entries or comments would be lost/],
    ['a second document', '---\n- name: new\n', /not a list of images/],
  ])('does not lose %s', async (_, added, reason) => {
    const texts = { base: BASE, ours: BASE.replace('["v1"]   #', '["v2"]   #'), theirs: BASE + added };
    const merge = await mergeLists(texts, NO_HELP);
    expect(merge).toMatchObject({ kind: 'by-lines', reason: expect.stringMatching(reason) });
  });

  it('keeps the lines of both sides where they hold the merged content', async () => {
    const union = `${BASE}# zoo\n${image('zoo', `"${C}": ["v9"]`)}`;
    const ours = BASE + image('zoo', `"${C}": ["v9"]`);
    const theirs = `${BASE}# zoo\n`;
    expect(await merged({ base: BASE, ours, theirs }, clean(union))).toBe(union);
  });

  it('is in canonical form where both sides are', async () => {
    const ours = BASE + image('zoo', `"${C}": ["v9"]`);
    const theirs = BASE + image('yak', `"${C}": ["v9"]`);
    const union = BASE + image('zoo', `"${C}": ["v9"]`) + image('yak', `"${C}": ["v9"]`);
    expect(await merged({ base: BASE, ours, theirs }, clean(union))).toBe(
      BASE + image('yak', `"${C}": ["v9"]`) + image('zoo', `"${C}": ["v9"]`),
    );
  });

  it('begins with nothing where both sides add the file', async () => {
    const [ours, theirs] = [image('a', `"${A}": ["v1"]`), image('a', `"${B}": ["v2"]`)];
    expect(await merged({ base: '', ours, theirs })).toBe(image('a', `"${A}": ["v1"]`, `"${B}": ["v2"]`));
  });

  it.each([
    ['a side that does not parse', BASE, 'a: [', /^their side is not a list of images$/],
    ['a base that is a manifest', 'registries: []\n', BASE, /^the base is not a list of images$/],
    ['a comment that would be lost', BASE, `${BASE}# new\n`, /comments would be lost/],
    ['a malformed entry', BASE, BASE + image('x', 'sha256:12: [v1]'), /entries or comments would be lost/],
  ])('is left to lines for %s', async (_what, base, theirs, reason) => {
    expect(await mergeLists({ base, ours: BASE, theirs }, NO_HELP)).toEqual({
      kind: 'by-lines',
      text: '<<<<<<< ours\n',
      isClean: false,
      reason: expect.stringMatching(reason),
    });
  });
});

describe('a contradiction', () => {
  const [ours, theirs] = [
    BASE.replace('# first\n', `# first\n    "${B}": ["v2"]\n`),
    BASE.replace('# first\n', `# first\n    "${C}": ["v2"] # other\n`),
  ];
  const both = BASE.replace('# first\n', `# first\n    "${B}": ["v2"]\n    "${C}": ["v2"] # other\n`);

  it('is a tag on two digests, which are named', async () => {
    expect(await mergeLists({ base: BASE, ours, theirs }, NO_HELP)).toEqual({
      kind: 'conflict',
      text: '<<<<<<< ours\n',
      reasons: [`app:v2 has ${B} on our side and ${C} on theirs: keep one of them`],
    });
  });

  it('is marked where the lines of both sides fit together', async () => {
    expect(await mergeLists({ base: BASE, ours, theirs }, clean(both))).toMatchObject({
      text: BASE.replace(
        '# first\n',
        `# first\n<<<<<<< ours\n    "${B}": ["v2"]\n=======\n    "${C}": ["v2"] # other\n>>>>>>> theirs\n`,
      ),
    });
  });

  it('is marked as a whole file where its lines hold more', async () => {
    const flow = (hash: string) => `[{name: app, dmap: {"${hash}": [v2]}}]\n`;
    expect(await mergeLists({ base: '', ours: flow(A), theirs: flow(B) }, clean(flow(A)))).toMatchObject({
      kind: 'conflict',
      text: `<<<<<<< ours\n${flow(A)}=======\n${flow(B)}>>>>>>> theirs\n`,
    });
  });

  it.each([
    [
      'a digest',
      BASE.replace(`"${A}": ["v1"]   # first`, `"${C}": ["v2"]`),
      BASE.replace('["v1"]   #', '["v1", "x"]   #'),
      `app@${A} is removed on our side, and app:x (${A}) is added on theirs`,
    ],
    [
      'an image',
      BASE.replace(image('tool', `"${B}": ["v1"]`), ''),
      BASE + `    "${C}": []\n`,
      `tool is removed on our side, and tool (${C}) is added on theirs`,
    ],
  ])('is a removal of %s that the other side changes', async (_what, remover, changer, reason) => {
    expect(await mergeLists({ base: BASE, ours: remover, theirs: changer }, NO_HELP)).toMatchObject({
      kind: 'conflict',
      reasons: [expect.stringContaining(reason)],
    });
    const swapped = reason.replace('our side', 'their side').replace('on theirs', 'on ours');
    expect(await mergeLists({ base: BASE, ours: changer, theirs: remover }, NO_HELP)).toMatchObject({
      kind: 'conflict',
      reasons: [expect.stringContaining(swapped)],
    });
  });

  it('is none where both sides make the same change, or one side had it already', async () => {
    expect(await merged({ base: BASE, ours, theirs: ours })).toBe(ours);
    expect(
      entriesOf(await merged({ base: both, ours: both, theirs: both + image('z', `"${A}": []`) })),
    ).toEqual(entriesOf(both + image('z', `"${A}": []`)));
  });
});

const BRANCHES = 20;

describe('twenty branches that add to one list', () => {
  const addition = fc
    .tuple(fc.constantFrom('app', 'tool', 'new', 'new/er'), fc.integer({ min: 0, max: 30 }), fc.boolean())
    .map(([name, version, isTagged]) => additionOf(name, version, isTagged));
  const branch = fc.array(addition, { minLength: 1, maxLength: 4 });

  it('merge in any order to the same content, without a conflict', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(branch, { minLength: BRANCHES, maxLength: BRANCHES }),
        fc.shuffledSubarray(
          Array.from({ length: BRANCHES }, (_, index) => index),
          { minLength: BRANCHES },
        ),
        async (branches, order) => {
          const texts = branches.map((additions) => grown(BASE, additions));
          const expected = new Set([...entriesOf(BASE), ...texts.flatMap(entriesOf)]);
          let trunk = BASE;
          for (const index of order)
            trunk = await merged({ base: BASE, ours: trunk, theirs: texts[index] ?? '' });
          expect(entriesOf(trunk)).toEqual(Array.from(expected).toSorted());
          expect(trunk).toContain('# owners');
          expect(trunk).toContain('# first');
        },
      ),
      runs({ seed: 20, numRuns: 30 }),
    );
  });
});

/** A version is one digest, so that no two branches contradict each other. */
function additionOf(name: string, version: number, isTagged: boolean): ImageAddition {
  const hash = parseDigest(`sha256:${version.toString(16).padStart(64, 'd')}`);
  const imageName = parseImageName(name);
  if (hash === undefined || imageName === undefined) throw new Error(name);
  return { name: imageName, digest: hash, tag: isTagged ? parseTag(`v1.${version}`) : undefined };
}

function grown(text: string, additions: readonly ImageAddition[]): string {
  const edit = editImages({ file: '', text }, additions);
  if (edit.kind === 'refused') throw new Error(edit.reasons.join());
  return edit.kind === 'edited' ? edit.text : text;
}
