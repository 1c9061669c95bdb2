// Covers src/manifest/image-reference.ts

import { describe, expect, it } from 'vitest';
import { parseImageCopy, wantedOf } from '../../../src/workflows/copy-image/copy-image.ts';
import { digest } from '../../builders/manifests.ts';

const A = digest('a');

describe('a copy of one image', () => {
  it.each([
    ['a.io/x/app:v1', 'b.io/y', 'b.io/y', 'v1'],
    ['a.io/x/app:v1', 'b.io/y/other:v2', 'b.io/y/other', 'v2'],
    [`a.io/app@${A}`, 'b.io/app', 'b.io/app', undefined],
    [`a.io/app@${A}`, 'b.io/app:v1', 'b.io/app', 'v1'],
    [`localhost:5000/app:v1@${A}`, 'b.io:443/app', 'b.io:443/app', undefined],
    ['a.io/app:v1', 'a.io/app:v2', 'a.io/app', 'v2'],
  ])('of %s to %s wants %s:%s', (from, to, repository, tag) => {
    const parsed = parseImageCopy(from, to);
    if ('fault' in parsed) throw new Error(parsed.fault);
    expect(parsed.value).toMatchObject({ destination: repository, tag });
    const { repositories, edges } = wantedOf(parsed.value, A);
    expect(edges).toBe(1);
    expect(repositories).toMatchObject([
      { repository, list: { wants: [{ digest: A, tags: tag === undefined ? [] : [{ tag }] }] } },
    ]);
  });

  it.each([
    ['a.io/app', 'b.io/app', /"a.io\/app" has no tag and no digest: latest is not assumed/],
    ['nginx:v1', 'b.io/app', /"nginx:v1": .*"nginx" is no host/],
    ['https://a.io/app:v1', 'b.io/app', /write it without the scheme/],
    ['a.io/app:v1', `b.io/app@${A}`, /has a digest: .*leave it out/],
    ['a.io/app:v1', 'b.io', /the path is missing/],
    ['a.io/app:v1', 'b.io/App', /lower case/],
    ['a.io/app:', 'b.io/app', /invalid tag "": it is empty/],
    ['a.io/app@sha256:123', 'b.io/app', /it has 3 hex digits, expected 64/],
    ['a.io/app:v1', 'a.io/app', /are the same image/],
  ])('of %s to %s is refused in words', (from, to, fault) => {
    expect(parseImageCopy(from, to)).toEqual({ fault: expect.stringMatching(fault) });
  });
});
