// Covers src/manifest/layout/read-source.ts

import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ReadManifests } from '../../src/manifest/model.ts';
import { renderProblem } from '../../src/manifest/problem.ts';
import { readManifests } from '../../src/manifest/read-manifests.ts';
import { testdir } from '../builders/testdir.ts';
import { digest, imagesOf, REGISTRIES, readPlain, readThin, summaryOf } from './checks.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/manifests');

describe('the projects of kubernetes', () => {
  let read: ReadManifests;
  beforeEach(async () => {
    read = await readThin(join(FIXTURES, 'thin'));
  });

  it('are read with their one malformed digest as the only error', () => {
    expect(summaryOf(read.problems)).toEqual([
      'images/k8s-staging-ingress-nginx/images.yaml:7:5 error digest',
      'images/k8s-staging-sched-simulator/images.yaml:1:1 warning orphan-images',
      'images/k8s-staging-sig-storage/images.yaml:6:3 warning empty-dmap',
      'images/k8s-staging-sig-storage/images.yaml:8:3 warning empty-dmap',
    ]);
  });

  it('are counted with what is bad in them', () => {
    expect(read.counts).toEqual({ projects: 6, images: 20, digests: 38, destinations: 24 });
    const digests = read.manifests.flatMap(({ images }) => images.flatMap((image) => image.digests));
    expect(digests).toHaveLength(37);
  });

  it('keep names that come several times apart', () => {
    const etcdadm = read.manifests.find(({ source }) => source.name === 'gcr.io/k8s-staging-etcdadm');
    expect(etcdadm?.images.filter(({ name }) => name === 'etcd-dump')).toHaveLength(3);
  });

  it('may have destinations inside of each other', () => {
    const operator = read.manifests.find(({ source }) => source.name === 'gcr.io/k8s-staging-sp-operator');
    expect(operator?.destinations).toHaveLength(9);
  });

  it('may have no images yet', () => {
    const exporter = read.manifests.find(({ source }) => source.name === 'gcr.io/k8s-staging-tg-exporter');
    expect(exporter?.images).toEqual([]);
  });
});

it('a project may have more problems than a function takes arguments', async () => {
  const directory = await testdir({
    'manifests/x/promoter-manifest.yaml': REGISTRIES,
    'images/x/images.yaml': '- x\n'.repeat(150_000),
  });
  expect((await readThin(directory)).problems).toHaveLength(150_000);
});

describe('a plain manifest', () => {
  it('is read, tags in their own spelling and digests without tags', async () => {
    const { manifests, problems, counts } = await readPlain(join(FIXTURES, 'plain/manifest.yaml'));
    expect(problems).toEqual([]);
    expect(manifests.map(imagesOf)).toEqual([['app: a=v1.0,latest b=', 'group/tool: c=1.10']]);
    expect(counts).toEqual({ projects: 1, images: 2, digests: 3, destinations: 2 });
  });

  it('may use all that YAML has', async () => {
    const { manifests, problems } = await readPlain(join(FIXTURES, 'plain/quirks.yaml'));
    const releases = 'a=1.0,1.10,0x10,1e3,010,1_000 b=yes,true,2021-01-01';
    expect(problems).toMatchObject([{ severity: 'warning', rule: 'second-document' }]);
    expect(manifests.map(imagesOf)).toEqual([[`numbers: ${releases}`, `numbers-again: c= ${releases}`]]);
    expect(manifests[0]?.destinations.map(({ name, serviceAccount }) => [name, serviceAccount])).toEqual([
      ['us.gcr.io/prod', 'promoter@prod.iam.gserviceaccount.com'],
      ['eu.gcr.io/prod', 'promoter@prod.iam.gserviceaccount.com'],
    ]);
  });

  it.each(['', '\n', '# nothing yet\n', '---\n...\n'])(
    'that is empty cannot be used at all: %j',
    async (text) => {
      const top = await testdir({ 'm.yaml': text });
      await expect(readPlain(join(top, 'm.yaml'))).rejects.toThrow(/m.yaml" is empty/);
    },
  );

  it('has every problem reported and what is good kept', async () => {
    const { manifests, problems } = await readPlain(join(FIXTURES, 'broken/every-rule.yaml'));
    expect(problems.map(({ at, rule }) => `${at.line} ${rule}`)).toEqual([
      '5 registry-name',
      '6 empty-name',
      '8 unknown-field',
      '9 destination',
      '10 shape',
      '17 digest',
      '18 tag',
      '19 tag',
      '21 duplicate-key',
      '22 shape',
      '24 image-name',
      '27 empty-name',
      '30 empty-dmap',
      '32 shape',
      '34 unknown-field',
      '38 duplicate-key',
    ]);
    expect(manifests.map(imagesOf)).toEqual([['good: a=v1', 'some-bad-entries: b=v2 f=v7', 'no-dmap: ']]);
    expect(manifests[0]?.destinations.map(({ name }) => name)).toEqual(['us.gcr.io/prod']);
  });

  it('is called in problems as it was typed', async () => {
    const directory = await testdir({ 'x/m.yaml': 'a: 1\n' });
    const typed = `${directory}/./x//m.yaml`;
    const { problems } = await readPlain(typed);
    expect(problems[0]?.at.file).toBe(typed);
  });

  it('may begin with a byte order mark and end its lines as Windows does', async () => {
    const text = `\ufeff${REGISTRIES}images:\n- name: app\n  dmap: {"${digest('a')}": [v1, -x]}\n`;
    const directory = await testdir({ 'm.yaml': text.replaceAll('\n', '\r\n') });
    const { manifests, problems } = await readPlain(join(directory, 'm.yaml'));
    expect(manifests.map(imagesOf)).toEqual([['app: a=v1']]);
    expect(problems.map(({ at, rule }) => [at.line, at.column, rule])).toEqual([[7, 90, 'tag']]);
    expect(manifests[0]?.source.at).toMatchObject({ line: 2, column: 3 });
  });

  it.each([
    ['a null byte', 'registries: \0\n', '1:13', /null byte/],
    [
      'bytes that are not UTF-8',
      Uint8Array.of(0x61, 0x0a, 0x62, 0xff),
      '2:2',
      /not UTF-8: unexpected byte 0xff/,
    ],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x61, 0), '1:1', /UTF-16/],
    ['no YAML', 'registries: [\n', '2:1', /not valid YAML/],
  ])('is a problem of the rule yaml with %s', async (_what, content, place, message) => {
    const directory = await testdir({ 'm.yaml': content });
    const { manifests, problems, counts } = await readPlain(join(directory, 'm.yaml'));
    expect(manifests).toEqual([]);
    expect(counts).toEqual({ projects: 1, images: 0, digests: 0, destinations: 0 });
    expect(problems.map(({ rule }) => rule)).toEqual(['yaml']);
    expect(`${problems[0]?.at.line}:${problems[0]?.at.column}`).toBe(place);
    expect(problems[0]?.message).toMatch(message);
  });

  it('is a problem with more than 64 MiB', async () => {
    const file = join(await testdir({ 'm.yaml': REGISTRIES }), 'm.yaml');
    await truncate(file, 64 * 1024 * 1024 + 1);
    const { problems, manifests } = await readPlain(file);
    expect(manifests).toEqual([]);
    expect(problems.map(renderProblem)).toEqual([
      `${file}:1:1: error: the file has more than 67108864 bytes: split it [file-size]`,
    ]);
  });

  it.each([
    ['missing', 'nowhere.yaml', /nowhere\.yaml": no such file or directory/],
    ['a directory', 'directory', /directory": .*it is a directory/],
    ['below a file', 'file/m.yaml', /a part of this path is not a directory/],
  ])('is refused when it is %s', async (_what, path, message) => {
    const directory = await testdir({ file: 'x', 'directory/': '' });
    await expect(readPlain(join(directory, path))).rejects.toMatchObject({
      name: 'LayoutError',
      code: 'file-unusable',
      message: expect.stringMatching(message),
    });
  });
});

describe('a thin manifest directory', () => {
  it('leaves the project out that is not YAML', async () => {
    const { manifests, problems, counts } = await readThin(join(FIXTURES, 'broken/not-yaml'));
    expect(summaryOf(problems)).toEqual(['images/bad/images.yaml:4:1 error yaml']);
    expect(manifests.map(({ file }) => file)).toEqual(['manifests/good/promoter-manifest.yaml']);
    expect(counts).toEqual({ projects: 2, images: 1, digests: 1, destinations: 1 });
  });

  it('is refused with all that is wrong with its layout', async () => {
    await expect(readThin(join(FIXTURES, 'broken/layout'))).rejects.toMatchObject({
      code: 'layout-broken',
      issues: [{ path: /images.lonely/ }, { path: /manifests.deep/ }, { path: /manifests.promoter/ }].map(
        ({ path }) => ({
          path: expect.stringMatching(path),
        }),
      ),
    });
  });

  it('has its problems in the order of the files', async () => {
    const names = ['c', 'a', 'b'];
    const files = names.flatMap((name) => [
      [`manifests/${name}/promoter-manifest.yaml`, `${REGISTRIES}other: 1\n`],
      [`images/${name}/images.yaml`, '- name: A\n- name: B\n'],
      [`images/${name}/image.yaml`, ''],
    ]);
    const { problems } = await readThin(await testdir(Object.fromEntries(files)));
    expect(problems.map(({ at, rule }) => `${at.file}:${at.line} ${rule}`)).toEqual([
      ...['a', 'b', 'c'].flatMap((name) => [
        `images/${name}/image.yaml:1 file-name`,
        `images/${name}/images.yaml:1 empty-dmap`,
        `images/${name}/images.yaml:1 image-name`,
        `images/${name}/images.yaml:2 empty-dmap`,
        `images/${name}/images.yaml:2 image-name`,
      ]),
      ...['a', 'b', 'c'].map((name) => `manifests/${name}/promoter-manifest.yaml:5 unknown-field`),
    ]);
  });

  it.each(['plain', 'thin'] as const)(
    'and a plain manifest are not read any more after an abort (%s)',
    async (kind) => {
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      const location =
        kind === 'plain'
          ? { kind, file: join(FIXTURES, 'plain/manifest.yaml') }
          : { kind, directory: join(FIXTURES, 'thin') };
      await expect(readManifests(location, signal)).rejects.toBe(reason);
    },
  );
});
