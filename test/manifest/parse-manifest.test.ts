// Covers src/manifest/parse-images.ts
// Covers src/manifest/parse-registries.ts
// Covers src/manifest/map-fields.ts

import { describe, expect, it } from 'vitest';
import { parseThin } from '../../src/manifest/parse-manifest.ts';
import { SourceFile } from '../../src/manifest/source-file.ts';
import { digest, imagesOf, REGISTRIES, summaryOf } from './checks.ts';

const IMAGES = `- name: app\n  dmap: {"${digest('a')}": [v1]}\n`;

function parse(manifestText: string, imagesText: string) {
  const manifest = new SourceFile('manifests/x/promoter-manifest.yaml', manifestText);
  const images = new SourceFile('images/x/images.yaml', imagesText);
  const parsed = parseThin(manifest, images);
  return { ...parsed, problems: summaryOf([...manifest.problems, ...images.problems]) };
}

describe('a thin manifest', () => {
  it('is the registries of one file and the images of the other', () => {
    const { manifest, problems, counts } = parse(REGISTRIES, IMAGES);
    expect(problems).toEqual([]);
    expect(manifest).toMatchObject({
      file: 'manifests/x/promoter-manifest.yaml',
      source: { name: 'gcr.io/staging' },
    });
    expect(manifest?.source.at).toEqual({ file: 'manifests/x/promoter-manifest.yaml', line: 2, column: 3 });
    expect(manifest?.images[0]?.at).toEqual({ file: 'images/x/images.yaml', line: 1, column: 3 });
    expect(imagesOf(manifest)).toEqual(['app: a=v1']);
    expect(counts).toEqual({ projects: 1, images: 1, digests: 1 });
  });

  it('may have a long list, with one fault at its end', () => {
    const hex = (number: number) => number.toString(16).padStart(64, '0');
    const image = (_: unknown, number: number) =>
      `- name: app-${number}\n  dmap:\n    "sha256:${hex(number)}": ["v1"]\n`;
    const list = `${Array.from({ length: 20_000 }, image).join('')}- name: app\n  dmap: {"${digest('a')}": [-x]}\n`;
    const { manifest, problems, counts } = parse(REGISTRIES, list);
    expect(problems).toEqual(['images/x/images.yaml:60002:86 error tag']);
    expect(counts).toEqual({ projects: 1, images: 20_001, digests: 20_001 });
    expect(manifest?.images).toHaveLength(20_000);
    expect(manifest?.images.at(-1)?.digests[0]?.at).toMatchObject({ line: 60_000, column: 5 });
  });

  it.each([
    ['- name: app\n  dmap: {}\n', '2:3'],
    ['- name: app\n  dmap:\n', '2:3'],
    ['- name: app\n', '1:3'],
  ])('may announce an image by an empty dmap, which is worth a warning: %j', (images, place) => {
    const { manifest, problems } = parse(REGISTRIES, images);
    expect(problems).toEqual([`images/x/images.yaml:${place} warning empty-dmap`]);
    expect(imagesOf(manifest)).toEqual(['app: ']);
  });

  it.each([
    ['images without an entry', REGISTRIES, '# No images yet\n'],
    ['an empty file of images', REGISTRIES, ''],
    ['an empty list of images', REGISTRIES, '[]'],
    ['an imagesPath', `${REGISTRIES}imagesPath: ../../images/x/images.yaml\n`, ''],
    ['an empty imagesPath', `${REGISTRIES}imagesPath:\n`, ''],
  ])('may have %s', (_what, manifestText, imagesText) => {
    const { manifest, problems } = parse(manifestText, imagesText);
    expect(problems).toEqual([]);
    expect(manifest?.images).toEqual([]);
  });

  it.each([
    [
      'images among the registries',
      `${REGISTRIES}images: []\n`,
      IMAGES,
      ['manifests/x/promoter-manifest.yaml:5:1 error unknown-field'],
    ],
    [
      'no source',
      'registries: [{name: b.io/x}]\n',
      IMAGES,
      ['manifests/x/promoter-manifest.yaml:1:13 error one-source'],
    ],
    ['an empty file of registries', '', IMAGES, ['manifests/x/promoter-manifest.yaml:1:1 error one-source']],
    ['a map of images', REGISTRIES, `images:\n${IMAGES}`, ['images/x/images.yaml:1:1 error shape']],
    ['text for images', REGISTRIES, 'app', ['images/x/images.yaml:1:1 error shape']],
    [
      'two files that are not YAML',
      'a: [',
      'b: [',
      ['manifests/x/promoter-manifest.yaml:1:5 error yaml', 'images/x/images.yaml:1:5 error yaml'],
    ],
  ])('is left out for %s', (_what, manifestText, imagesText, problems) => {
    expect(parse(manifestText, imagesText)).toMatchObject({ manifest: undefined, problems });
  });

  it('has all its problems reported and its entries counted when it is left out', () => {
    const { manifest, problems, counts } = parse(
      'registries: [',
      `${IMAGES}- name: B\n  dmap: {"sha256:x": [v1], "sha256:y": []}\n`,
    );
    expect(manifest).toBeUndefined();
    expect(problems).toEqual([
      'manifests/x/promoter-manifest.yaml:1:14 error yaml',
      'images/x/images.yaml:3:9 error image-name',
      'images/x/images.yaml:4:10 error digest',
      'images/x/images.yaml:4:28 error digest',
    ]);
    expect(counts).toEqual({ projects: 1, images: 2, digests: 3 });
  });
});
