// Covers src/image/snapshot-image.ts

import { describe, expect, it } from 'vitest';
import { makeSnapshotImage, type SnapshotImage } from '../../../src/image/snapshot-image.ts';
import { renderSnapshot, type SnapshotFormat } from '../../../src/workflows/snapshot/render.ts';
import { digest, tag } from '../../builders/manifests.ts';

const ZERO = digest('0');
const ONE = digest('1');

async function* stream(images: readonly SnapshotImage[]) {
  yield* images;
}

async function render(images: readonly SnapshotImage[], format: SnapshotFormat, trailer?: string) {
  let text = '';
  const options = trailer === undefined ? { format } : { format, trailer };
  for await (const piece of renderSnapshot(stream(images), options)) text += piece;
  return text;
}

const BAR = {
  name: 'bar',
  digests: [
    { digest: ZERO, tags: [tag('0.5'), tag('0.8'), tag('0.9')] },
    { digest: ONE, tags: [] },
  ],
};
const SUB = { name: 'bar/sub', digests: [{ digest: ONE, tags: [tag('latest')] }] };

describe('a snapshot', () => {
  it('in YAML is the original byte for byte', async () => {
    expect(await render([BAR, SUB], 'yaml')).toBe(
      [
        '- name: bar',
        '  dmap:',
        `    "${ZERO}": ["0.5", "0.8", "0.9"]`,
        `    "${ONE}": []`,
        '- name: bar/sub',
        '  dmap:',
        `    "${ONE}": ["latest"]`,
        '',
      ].join('\n'),
    );
  });

  it('in YAML quotes the one name that a reader would take for none', async () => {
    const nameless = [
      { ...SUB, name: 'null' },
      { ...SUB, name: 'null/null' },
      { ...SUB, name: 'true' },
    ];
    const text = await render(nameless, 'yaml');
    expect(text.match(/name: .*/g)).toEqual(['name: "null"', 'name: null/null', 'name: true']);
  });

  it('in CSV is the original byte for byte', async () => {
    expect(await render([BAR, SUB], 'csv')).toBe(
      [
        `bar@${ZERO},bar:0.5`,
        `bar@${ZERO},bar:0.8`,
        `bar@${ZERO},bar:0.9`,
        `bar@${ONE},-`,
        `bar/sub@${ONE},bar/sub:latest`,
        '',
      ].join('\n'),
    );
  });

  it('in JSON is the same list', async () => {
    const text = await render([BAR, SUB], 'json');
    expect(JSON.parse(text)).toEqual([
      { name: 'bar', dmap: { [ZERO]: ['0.5', '0.8', '0.9'], [ONE]: [] } },
      { name: 'bar/sub', dmap: { [ONE]: ['latest'] } },
    ]);
    expect(text.endsWith(']\n')).toBe(true);
  });

  it.each([
    ['yaml', ''],
    ['csv', ''],
    ['json', '[]\n'],
  ] as const)('of nothing in %s is %j', async (format, text) => {
    expect(await render([], format)).toBe(text);
  });

  it('may be followed by something', async () => {
    expect(await render([], 'yaml', '\n')).toBe('\n');
  });
});

describe('the image of a snapshot', () => {
  it('has digests and tags in the order of their bytes, each once', () => {
    const tags = ['b', 'a', 'B', '1.9', '1.10', 'a', '_'].map(tag);
    const image = makeSnapshotImage(
      'app',
      new Map([
        [ONE, tags],
        [ZERO, []],
      ]),
    );
    expect(image?.digests).toEqual([
      { digest: ZERO, tags: [] },
      { digest: ONE, tags: ['1.10', '1.9', 'B', '_', 'a', 'b'] },
    ]);
  });

  it('is none without digests', () => {
    expect(makeSnapshotImage('app', new Map())).toBeUndefined();
  });
});
