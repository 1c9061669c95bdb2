import { expect, it } from 'vitest';
import { findMixedChange } from '../../../src/workflows/changes/mixed-change.ts';

type Files = Readonly<Record<string, string>>;

const X: Files = { 'manifests/x/promoter-manifest.yaml': 'x', 'images/x/images.yaml': '- name: app' };

async function messages(before: Files, now: Files): Promise<readonly string[]> {
  const versions = Object.entries(before).map(
    ([file, text]) => [file, { id: text, bytes: Buffer.from(text) }] as const,
  );
  const findings = await findMixedChange({
    before: new Map(versions),
    now: Object.keys(now),
    readFile: async (file) => Buffer.from(now[file] ?? ''),
  });
  return findings.map(({ rule, level, at, message }) => `${rule} ${level} ${at?.file} ${message}`);
}

it('finds a change of destinations and images together', async () => {
  const now = { 'manifests/x/promoter-manifest.yaml': 'y', 'images/x/images.yaml': '- name: web' };
  expect(await messages(X, now)).toEqual([
    'owners warn images/x/images.yaml one change touches manifests/x/promoter-manifest.yaml and images/x/images.yaml, which have different owners',
  ]);
});

it('finds a new project that brings images', async () => {
  const y = { 'manifests/y/promoter-manifest.yaml': 'y', 'images/y/images.yaml': '- name: y' };
  expect(await messages(X, { ...X, ...y })).toHaveLength(1);
});

it('finds a renamed project with other images', async () => {
  const renamed = { 'manifests/z/promoter-manifest.yaml': 'y', 'images/z/images.yaml': '- name: web' };
  expect(await messages(X, renamed)).toHaveLength(1);
});

it.each<readonly [string, Files]>([
  ['no change', X],
  ['a change of destinations', { ...X, 'manifests/x/promoter-manifest.yaml': 'y' }],
  ['a change of images', { ...X, 'images/x/images.yaml': '[]' }],
  [
    'a new project without images',
    { ...X, 'manifests/y/promoter-manifest.yaml': 'y', 'images/y/images.yaml': '# No images yet\n[]\n' },
  ],
  ['a project that is gone', {}],
  [
    'a project with another name',
    { 'manifests/z/promoter-manifest.yaml': 'x', 'images/z/images.yaml': '- name: app' },
  ],
  [
    'a project with another name and destinations',
    { 'manifests/z/promoter-manifest.yaml': 'y', 'images/z/images.yaml': '- name: app' },
  ],
])('has nothing to say about %s', async (_what, now) => {
  expect(await messages(X, now)).toEqual([]);
});
