// Covers src/manifest/layout/layout-error.ts
// Covers src/manifest/layout/nearby-directory.ts
// Covers src/manifest/layout/project-files.ts
// Covers src/manifest/layout/thin-directory.ts
// Covers src/manifest/layout/unused-image-lists.ts

import { mkdir, rm, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LayoutError } from '../../../src/manifest/layout/layout-error.ts';
import { type TestFile, testdir } from '../../builders/testdir.ts';
import { UNPRINTABLE } from '../../fuzz/fuzzing.ts';
import { digest, imagesOf, REGISTRIES, readThin, summaryOf } from '../checks.ts';

const IMAGES = `- name: app\n  dmap: {"${digest('a')}": [v1]}\n`;

function project(name: string): Record<string, TestFile> {
  return { [`manifests/${name}/promoter-manifest.yaml`]: REGISTRIES, [`images/${name}/images.yaml`]: IMAGES };
}

async function layoutErrorOf(directory: string): Promise<LayoutError> {
  try {
    await readThin(directory);
  } catch (error) {
    if (error instanceof LayoutError) return error;
    throw error;
  }
  throw new Error('the layout was accepted');
}

/** The messages of a layout that is refused, the directory in them called D. */
async function messagesOf(files: Record<string, TestFile>): Promise<readonly string[]> {
  const directory = await testdir(files);
  const { issues, code } = await layoutErrorOf(directory);
  expect(code).toBe('layout-broken');
  return issues.map(({ message }) => message.replaceAll(directory, 'D'));
}

describe('a manifest directory', () => {
  it('is read in lexical order', async () => {
    const directory = await testdir({ ...project('b'), ...project('a-b'), ...project('a'), ...project('B') });
    const { manifests, counts, problems } = await readThin(directory);
    expect(manifests.map(({ file }) => file)).toEqual(
      ['B', 'a-b', 'a', 'b'].map((name) => `manifests/${name}/promoter-manifest.yaml`),
    );
    expect(counts).toEqual({ projects: 4, images: 4, digests: 4, destinations: 1 });
    expect(problems).toEqual([]);
  });

  it('may be written in every way that leads to it', async () => {
    const directory = await testdir({ ...project('x'), link: { link: '.' } });
    const spellings = [
      directory,
      `${directory}/`,
      relative('.', directory),
      `./${relative('.', directory)}//`,
      `${directory}/link`,
    ];
    for (const spelling of spellings) {
      const { manifests } = await readThin(spelling);
      expect(manifests.map(({ file }) => file)).toEqual(['manifests/x/promoter-manifest.yaml']);
    }
  });

  it('warns of lists of images without a project', async () => {
    const directory = await testdir({
      ...project('app'),
      'manifests/file': 'x',
      'manifests/empty/OWNERS': 'x',
      'images/images.yaml': IMAGES,
      'images/app/old/images.yaml': IMAGES,
      'images/ap/images.yaml': IMAGES,
      'images/empty/images.yaml': IMAGES,
      'images/file/images.yaml': 'broken: [',
      'images/link': { link: 'ap' },
      'images/sub/deeper/images.yaml': IMAGES,
    });
    const { problems, manifests } = await readThin(directory);
    expect(manifests).toHaveLength(1);
    expect(summaryOf(problems)).toEqual([
      'images/ap/images.yaml:1:1 warning orphan-images',
      'images/app/old/images.yaml:1:1 warning orphan-images',
      'images/file/images.yaml:1:1 warning orphan-images',
      'images/images.yaml:1:1 warning orphan-images',
      'images/link/images.yaml:1:1 warning orphan-images',
      'images/sub/deeper/images.yaml:1:1 warning orphan-images',
      'manifests/empty:1:1 warning layout',
    ]);
    const messages = problems.map(({ message }) => message.replaceAll(directory, 'D'));
    expect(messages[0]).toBe(
      'nothing in this file is promoted: there is no "D/manifests/ap/promoter-manifest.yaml": did you mean "D/images/app"?',
    );
    expect(messages[2]).toMatch(/there is no "D\/manifests\/file\/promoter-manifest\.yaml": create it$/);
    expect(messages[5]).toBe('nothing in this file is promoted: expected D/images/NAME/images.yaml, move it');
  });

  it('may have other files', async () => {
    const directory = await testdir({
      ...project('x'),
      OWNERS: 'x',
      'README.md': 'x',
      'manifests/README.md': 'x',
      'manifests/notes.yaml': 'broken: [',
      'manifests/x/OWNERS': 'x',
      'manifests/x/README.md': 'x',
      'manifests/x/sub/notes.yaml': 'broken: [',
      'manifests/dangling': { link: 'nowhere' },
      'manifests/LICENSE': { link: '/dev/null' },
      'images/OWNERS': 'x',
      'images/x/OWNERS': 'x',
      'images/x/generate.sh': 'x',
      'images/without-list/OWNERS': 'x',
      'images/without-list/image.yaml': 'x',
    });
    const { problems, counts } = await readThin(directory);
    expect(problems).toEqual([]);
    expect(counts.projects).toBe(1);
  });

  it.each([
    ['t1/manifests', 'did you mean "D/t1"?'],
    ['t1/images', 'did you mean "D/t1"?'],
    ['t1/manifests/x', 'did you mean "D/t1"?'],
    ['t1/images/x/', 'did you mean "D/t1"?'],
    ['', 'did you mean "D/t1", "D/t2"?'],
    ['up', 'did you mean "D/up/t3"?'],
  ])('that was missed by a level (%s) is named', async (path, advice) => {
    const below = (name: string) =>
      Object.fromEntries(Object.entries(project('x')).map(([file, text]) => [`${name}/${file}`, text]));
    const directory = await testdir({
      ...below('t1'),
      ...below('t2'),
      ...below('up/t3'),
      ...below('.git'),
      'other/manifests/': '',
    });
    const { issues } = await layoutErrorOf(join(directory, path));
    const messages = issues.map(({ message }) => message.replaceAll(directory, 'D'));
    expect(messages).toEqual([expect.stringMatching(/^"D.*" is not a manifest directory, /)]);
    expect(messages[0]).toContain(advice);
  });

  it('that was missed by a level is named relative to the current one', async () => {
    const directory = await testdir(project('x'));
    const { message } = await layoutErrorOf(`${relative('.', directory)}/manifests`);
    expect(message).toContain(`did you mean ${JSON.stringify(relative('.', directory))}?`);
  });

  it('may hold links that stay inside', async () => {
    const directory = await testdir({
      'real/manifest.yaml': REGISTRIES,
      'real/x/images.yaml': IMAGES,
      'manifests/x/promoter-manifest.yaml': { link: '../../real/manifest.yaml' },
      'images/x': { link: '../real/x' },
      'manifests/y': { link: 'x' },
      'images/y/images.yaml': { link: '../x/images.yaml' },
    });
    const { manifests } = await readThin(directory);
    expect(manifests.map(({ file }) => file)).toEqual(
      ['x', 'y'].map((name) => `manifests/${name}/promoter-manifest.yaml`),
    );
    expect(manifests.map(imagesOf)).toEqual([['app: a=v1'], ['app: a=v1']]);
    expect(manifests[1]?.images[0]?.at.file).toBe('images/y/images.yaml');
  });

  it('is not lost in links that lead in circles', async () => {
    const directory = await testdir({
      ...project('x'),
      'manifests/x/up': { link: '..' },
      'manifests/self': { link: 'self' },
    });
    const { counts } = await readThin(directory);
    expect(counts.projects).toBe(1);
  });

  it.each([
    ['a project without its manifest', { 'manifests/y/OWNERS': 'x' }, ['manifests/y:1:1 warning layout']],
    ['a project that is empty', { 'manifests/y/': '' }, ['manifests/y:1:1 warning layout']],
    [
      'a manifest that is a directory',
      { 'manifests/y/promoter-manifest.yaml/': '' },
      ['manifests/y/promoter-manifest.yaml:1:1 warning layout'],
    ],
    [
      'a manifest with nearly the right name',
      { 'manifests/y/promoter-manifests.yaml': 'x' },
      ['manifests/y:1:1 warning layout', 'manifests/y/promoter-manifests.yaml:1:1 warning file-name'],
    ],
    [
      'a second manifest',
      { 'manifests/x/promoter-manifest.yml': 'x' },
      ['manifests/x/promoter-manifest.yml:1:1 warning file-name'],
    ],
    [
      'second lists of images',
      { 'images/x/imaegs.yaml': 'x', 'images/x/image.yaml': 'x', 'images/x/images.yml': 'x' },
      [
        'images/x/imaegs.yaml:1:1 warning file-name',
        'images/x/image.yaml:1:1 warning file-name',
        'images/x/images.yml:1:1 warning file-name',
      ],
    ],
    [
      'settings that are not read',
      {
        '.cip.yml': 'x',
        '.cip.yaml': '',
        'manifests/.cip.yaml': 'x',
        'images/.cip.yaml': 'x',
        '.ci.yaml': '',
      },
      [
        '.cip.yml:1:1 warning file-name',
        'images/.cip.yaml:1:1 warning file-name',
        'manifests/.cip.yaml:1:1 warning file-name',
      ],
    ],
  ])('warns of %s', async (_what, files, expected) => {
    const { problems, counts } = await readThin(await testdir({ ...project('x'), ...files }));
    expect(summaryOf(problems)).toEqual(expected);
    expect(counts.projects).toBe(1);
  });

  it.each([
    [
      'no manifests',
      { 'manifests/': '', 'images/': '' },
      ['no manifests found in dir: D: expected manifests/NAME/promoter-manifest.yaml in it'],
    ],
    [
      'no manifest with the right name',
      { 'manifests/x/promoter-manifests.yaml': REGISTRIES, 'images/': '' },
      [
        /^no manifests found in dir: D: .*D\/manifests\/x\/promoter-manifests\.yaml: this file is not read: did you mean "promoter-manifest\.yaml"\?/,
      ],
    ],
    [
      'nothing in it',
      { 'x/': '' },
      [
        'stat directory D/images: no such file or directory: create it',
        'stat directory D/manifests: no such file or directory: create it',
      ],
    ],
    [
      'a typing error above',
      { 'manifest/x/promoter-manifest.yaml': REGISTRIES, 'images/x/images.yaml': IMAGES },
      ['stat directory D/manifests: no such file or directory: did you mean "manifest"?'],
    ],
    [
      'files for directories',
      { manifests: 'x', images: 'x' },
      ['"D/images" is not a directory', '"D/manifests" is not a directory'],
    ],
    [
      'no list of images',
      { 'manifests/x/promoter-manifest.yaml': REGISTRIES, 'images/x/': '' },
      ['corresponding file "D/images/x/images.yaml" does not exist: create it, it may be empty'],
    ],
    [
      'no directory for images',
      { 'manifests/project/promoter-manifest.yaml': REGISTRIES, 'images/projekt/': '' },
      ['corresponding file "D/images/project/images.yaml" does not exist: did you mean "D/images/projekt"?'],
    ],
    [
      'a list of images with nearly the right name',
      { 'manifests/x/promoter-manifest.yaml': REGISTRIES, 'images/x/imaegs.yaml': IMAGES },
      ['corresponding file "D/images/x/images.yaml" does not exist: did you mean "D/images/x/imaegs.yaml"?'],
    ],
    [
      'a list of images that is a directory',
      { 'manifests/x/promoter-manifest.yaml': REGISTRIES, 'images/x/images.yaml/': '' },
      ['corresponding file "D/images/x/images.yaml" is not a regular file'],
    ],
    [
      'manifests too high and too deep',
      {
        ...project('x'),
        'manifests/promoter-manifest.yaml': 'x',
        'manifests/a/b/promoter-manifest.yaml': 'x',
        'manifests/x/b/c/promoter-manifest.yaml': 'x',
      },
      ['a/b/', 'promoter-manifest.yaml', 'x/b/c/'].map(
        (path) =>
          `unexpected manifest path "D/manifests/${path.replace(/\/$/, '/promoter-manifest.yaml')}": expected D/manifests/NAME/promoter-manifest.yaml, move it`,
      ),
    ],
    [
      'several of these',
      {
        'manifests/x/promoter-manifest.yaml': REGISTRIES,
        'manifests/y/promoter-manifest.yaml': REGISTRIES,
        'images/z/': '',
      },
      [/images\/x\/images.yaml" does not exist/, /images\/y\/images.yaml" does not exist/],
    ],
    [
      'a link to nowhere',
      { ...project('x'), 'manifests/y/promoter-manifest.yaml': { link: 'nowhere' } },
      [
        'manifest file "D/manifests/y/promoter-manifest.yaml" cannot be read: the target of the link does not exist',
      ],
    ],
  ] as [string, Record<string, TestFile>, (string | RegExp)[]][])(
    'is refused with %s',
    async (_what, files, expected) => {
      const messages = await messagesOf(files);
      expect(messages).toEqual(
        expected.map((message) => (typeof message === 'string' ? message : expect.stringMatching(message))),
      );
    },
  );

  it.each([
    ['its manifests', 'manifests', { 'images/x/images.yaml': IMAGES }, 'manifests'],
    ['its images', 'images', { 'manifests/x/promoter-manifest.yaml': REGISTRIES }, 'images'],
    ['a project', 'manifests/x', { 'images/x/images.yaml': IMAGES }, 'manifests/x'],
    [
      'a manifest',
      'manifests/x/promoter-manifest.yaml',
      { 'images/x/images.yaml': IMAGES },
      'manifests/x/promoter-manifest.yaml',
    ],
    ['the images of a project', 'images/x', { 'manifests/x/promoter-manifest.yaml': REGISTRIES }, 'images/x'],
    [
      'a list of images',
      'images/x/images.yaml',
      { 'manifests/x/promoter-manifest.yaml': REGISTRIES },
      'images/x/images.yaml',
    ],
  ])('is refused when the link to %s leads out of it', async (_what, link, files, target) => {
    const outside = await testdir(project('x'));
    const directory = await testdir({ ...files, [link]: { link: join(outside, target) } });
    const { message } = await layoutErrorOf(directory);
    expect(message).toContain(
      `link "${join(directory, link)}" leads out of the manifest directory, to "${join(outside, target)}"`,
    );
  });

  it.each([
    ['the configuration of git', 'images/x/images.yaml', '.git/config'],
    ['a file that is hidden', 'images/x/images.yaml', '.hidden/images.yaml'],
    ['a directory that is hidden', 'images/x', '.git'],
    ['credentials beside the manifests', 'images/x/images.yaml', 'gha-creds-1.json'],
    ['credentials beside the manifests', 'manifests/x/promoter-manifest.yaml', 'key.pem'],
  ])('is refused when a link leads to %s: %s', async (_what, link, target) => {
    const directory = await testdir({
      'manifests/y/promoter-manifest.yaml': REGISTRIES,
      'images/y/images.yaml': IMAGES,
      ...project('x'),
      '.git/config': 'token: secret',
      '.git/images.yaml': 'token: secret',
      '.hidden/images.yaml': 'token: secret',
      'gha-creds-1.json': '{"private_key": "secret"}',
      'key.pem': 'secret',
    });
    await rm(join(directory, link), { recursive: true });
    await symlink(join(directory, target), join(directory, link));
    const { message } = await layoutErrorOf(directory);
    expect(message).toContain(`leads to "${join(directory, target)}", which is hidden or no .yaml file`);
    expect(message).not.toContain('secret');
  });

  it('may be a volume of Kubernetes, whose top directories are links', async () => {
    const directory = await testdir({
      '..2026_11_20/manifests/x/promoter-manifest.yaml': REGISTRIES,
      '..2026_11_20/images/x/images.yaml': IMAGES,
      '..data': { link: '..2026_11_20' },
      manifests: { link: '..data/manifests' },
      images: { link: '..data/images' },
    });
    expect((await readThin(directory)).counts.projects).toBe(1);
  });

  it.each([
    ['a project', { 'manifests/NAME/OWNERS': 'x', 'manifests/y/OWNERS': 'x', 'images/y/OWNERS': 'x' }],
    [
      'a link in circles',
      { ...project('x'), 'manifests/NAME/promoter-manifest.yaml': { link: 'promoter-manifest.yaml' } },
    ],
    ['a link to elsewhere', { ...project('x'), 'manifests/NAME': { link: '/' } }],
    ['a project without images', { ...project('x'), 'manifests/NAME/promoter-manifest.yaml': REGISTRIES }],
  ])('forges no line by the name of %s', async (_what, files: Record<string, TestFile>) => {
    const name = 'p\nERROR forged\u001b[2J\u202e';
    const renamed = Object.entries(files).map(([path, file]): [string, TestFile] => [
      path.replace('NAME', name),
      file,
    ]);
    const { message } = await layoutErrorOf(await testdir(Object.fromEntries(renamed)));
    expect(message.split('\n').filter((line) => line.startsWith('ERROR'))).toEqual([]);
    expect(message.replaceAll('\n', '')).not.toMatch(UNPRINTABLE);
  });

  it('of 1,000 projects without images is refused without comparing all their names', async () => {
    const names = Array.from({ length: 1_000 }, (_, number) => `project-${number}-${'x'.repeat(200)}`);
    const files = names.flatMap((name): [string, TestFile][] => [
      [`manifests/${name}/promoter-manifest.yaml`, ''],
      [`images/y${name}/`, ''],
    ]);
    const { issues } = await layoutErrorOf(await testdir(Object.fromEntries(files)));
    expect(issues).toHaveLength(1_000);
  });

  it('is refused where the directory next door begins with the same name', async () => {
    const parent = await testdir({
      'd/manifests/x/promoter-manifest.yaml': REGISTRIES,
      'd/images/x/images.yaml': { link: '../../../dd/images.yaml' },
      'dd/images.yaml': IMAGES,
    });
    const { message } = await layoutErrorOf(join(parent, 'd'));
    expect(message).toContain('leads out of the manifest directory');
  });

  it('is refused where it is missing or a file', async () => {
    const directory = await testdir({ file: 'x' });
    expect((await layoutErrorOf(join(directory, 'nowhere'))).message).toContain(
      'nowhere: no such file or directory',
    );
    expect((await layoutErrorOf(join(directory, 'file'))).message).toContain('file" is not a directory');
    await mkdir(join(directory, 'empty'));
    expect((await layoutErrorOf(join(directory, 'empty'))).issues).toHaveLength(2);
  });
});
