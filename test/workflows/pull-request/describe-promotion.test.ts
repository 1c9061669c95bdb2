import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { ImageAddition } from '../../../src/manifest/edit/edit-images.ts';
import {
  branchOf,
  describePromotion,
  isOwnSubject,
  listImages,
  replaceImages,
  titleOf,
} from '../../../src/workflows/pull-request/describe-promotion.ts';
import { digest, imageName, tag } from '../../builders/manifests.ts';

const NONE = { project: 'app', tags: [], images: [], digests: [] };

describe('a branch', () => {
  it.each([
    [{ tags: ['v1.0'] }, 'app-v1.0-image-promotion'],
    [{ project: 'kubernetes', tags: ['v1.30.0-rc.0'] }, 'kubernetes-v1.30.0-rc.0-image-promotion'],
    [{}, 'app-watch-image-promotion'],
  ])('of %j is %s', (selection, expected) => {
    expect(branchOf({ ...NONE, ...selection })).toBe(expected);
  });

  it.each([
    [{ tags: ['v1.0', 'v1.1'] }],
    [{ tags: ['v1.0'], images: ['a'] }],
    [{ tags: ['v1.0'], images: ['b'] }],
    [{ tags: ['v1.0'], digests: [digest('1')] }],
    [{ tags: ['v1.*'] }],
    [{ tags: ['v1.?'] }],
    [{ tags: ['>=1.0 <2'] }],
    [{ tags: ['..'] }],
    [{ tags: ['@{-1}~^: .lock*'] }],
  ])('of %j is another one than that of the tag alone, and a valid name', (selection) => {
    const branch = branchOf({ ...NONE, ...selection });
    expect(branch).toMatch(/^app-.*[0-9a-f]{8}-image-promotion$/);
    expect(execFileSync('git', ['check-ref-format', '--branch', branch], { encoding: 'utf8' }).trim()).toBe(
      branch,
    );
  });

  it('differs for each selection, but not for an order', () => {
    const branches = [['v1', 'v2'], ['v1', 'v3'], ['v1.*'], ['v1.?']].map((tags) =>
      branchOf({ ...NONE, tags }),
    );
    expect(new Set(branches).size).toBe(4);
    const of = (images: string[]) => branchOf({ ...NONE, tags: ['v1'], images });
    expect(of(['a', 'b'])).toBe(of(['b', 'a']));
  });
});

describe('a title', () => {
  it.each([
    ['app', ['v1', 'v2'], 'Image promotion for app v1 / v2'],
    ['kubernetes', ['v1'], 'releng: Image promotion for kubernetes v1'],
    ['app', ['v1.*'], 'Image promotion for app v1.0 / v1.1'],
    ['app', [], 'Image promotion for app v1.0 / v1.1'],
  ])('for %s %j is %s', (project, tags, expected) => {
    const title = titleOf({ selection: { ...NONE, project, tags }, added: additions('v1.1', 'v1.0') });
    expect(title).toBe(expected);
    expect(isOwnSubject(title, project)).toBe(true);
  });

  it('has some of many tags', () => {
    const added = additions(...Array.from({ length: 9 }, (_, index) => `v${index}`));
    expect(titleOf({ selection: NONE, added })).toBe(
      'Image promotion for app v0 / v1 / v2 / v3 / v4 and 4 more',
    );
  });

  it('fits into the limit of GitHub', () => {
    const tags = ['a', 'b', 'c'].map((letter) => letter.repeat(128));
    const title = titleOf({ selection: { ...NONE, project: 'p'.repeat(63), tags }, added: [] });
    expect(title.length).toBeLessThanOrEqual(256);
    expect(title).toMatch(/ a{128} and 2 more$/);
  });

  it('is of its own project', () => {
    expect(isOwnSubject('Image promotion for apps v1', 'app')).toBe(false);
    expect(isOwnSubject('fix a typo', 'app')).toBe(false);
  });
});

describe('a body', () => {
  const promotion = {
    selection: { ...NONE, tags: ['v1'] },
    added: additions('v1', 'v0'),
    program: 'kpromo' as const,
    command: 'kpromo pr --fork me --tag v1',
    reviewers: '@a',
    issue: undefined,
  };

  it('begins and ends as that of kpromo', () => {
    const { body } = describePromotion(promotion);
    expect(body).toMatch(
      /^Image promotion for app v1\nThis is an automated PR generated from `kpromo`\n```\nkpromo pr --fork me --tag v1\n```\n\n/,
    );
    expect(body).toMatch(/\n\n\/hold\ncc: @a\n$/);
  });

  it('mentions nobody if there are no reviewers', () => {
    expect(describePromotion({ ...promotion, reviewers: '' }).body).toMatch(/\n\/hold\n$/);
  });

  it('gets another table of images, and keeps other words', () => {
    const { body } = describePromotion(promotion);
    const other = describePromotion({ ...promotion, added: additions('v9') }).body;
    const edited = `${body.replace('/hold', '')}a note with $& in it\n`;
    const replaced = replaceImages(edited, other);
    expect(replaced).toContain('| app | v9 |');
    expect(replaced).not.toContain('v0, v1');
    expect(replaced).toContain('a note with $& in it');
    expect(replaceImages('without a table', other)).toBe(other);
  });

  it.each([1, 20])('fits into the limit of GitHub, with long names and %i tags each', (tagCount) => {
    const added = Array.from({ length: 300 * tagCount }, (_, index) => ({
      name: imageName(`${'long/'.repeat(40)}image-${index % 300}`),
      digest: digest('1'),
      tag: tag(`v1.0.0-${index}${'x'.repeat(110)}`),
    }));
    const { body } = describePromotion({ ...promotion, added });
    expect(body.length).toBeLessThan(65_536);
    expect(body).toMatch(/\n\d+ more images: see the changed files/);
  });

  it('fits into the limit of GitHub', () => {
    const added = Array.from({ length: 2000 }, (_, index) => ({
      name: imageName(`some/long/name/of/an/image-${index}`),
      digest: digest('1'),
      tag: tag('v1.0.0-rc.1'),
    }));
    const { body } = describePromotion({ ...promotion, added });
    expect(body.length).toBeLessThan(65_536);
    expect(body).toContain('1596 more images: see the changed files');
  });

  it('has one row for the tags of an image', () => {
    expect(listImages(promotion).match(/^\| app/gm)).toEqual(['| app']);
  });
});

function additions(...tags: readonly string[]): readonly ImageAddition[] {
  return tags.map((text) => ({ name: imageName('app'), digest: digest('1'), tag: tag(text) }));
}
