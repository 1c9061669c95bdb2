import { describe, expect, it } from 'vitest';
import { duplicateTag } from '../../../src/checks/manifests/duplicate-tag.ts';
import { digest, inFile } from '../../builders/manifests.ts';
import { findingsOf, parsed } from './parsed.ts';

const [A, B] = [digest('a'), digest('b')];

describe('duplicate-tag', () => {
  it('finds a tag that two entries of an image want, once for all destinations', () => {
    const manifest = inFile('m.yaml')
      .from('s.io/s')
      .to('p.io/p', 'q.io/q')
      .promote({ app: { [A]: ['v1', 'v2'] } }, { app: { [A]: ['v2', 'v3'] } });
    expect(findingsOf(duplicateTag, [manifest])).toEqual([
      'm.yaml:7:80 p.io/p/app:v2 is wanted by 2 entries: m.yaml:5:81, m.yaml:7:80: keep one of them',
    ]);
  });

  it('finds a tag that two projects want at one of their destinations', async () => {
    const manifests = await parsed({
      x: { from: 's.io/x', to: ['p.io/p', 'q.io/q'], images: { 'group/app': { [A]: ['v1'] } } },
      y: { from: 's.io/y', to: ['p.io/p/group'], images: { app: { [A]: ['v1'] } } },
    });
    expect(findingsOf(duplicateTag, manifests)).toEqual([
      expect.stringMatching(
        /^images\/y\/images\.yaml:3:\d+ p\.io\/p\/group\/app:v1 is wanted by 2 entries: images\/x\/images\.yaml/,
      ),
    ]);
  });

  it.each([
    ['one tag of two digests, which is a conflict', [{ app: { [A]: ['v1'] } }, { app: { [B]: ['v1'] } }]],
    ['one image in several entries', [{ app: { [A]: ['v1'] } }, { app: { [B]: ['v2'] } }]],
    ['one digest with two tags in two entries', [{ app: { [A]: ['v1'] } }, { app: { [A]: ['v2'] } }]],
    ['one tag of two images', [{ app: { [A]: ['v1'] } }, { web: { [A]: ['v1'] } }]],
  ])('has nothing to say about %s', (_what, images) => {
    const manifest = inFile('m.yaml')
      .from('s.io/s')
      .to('p.io/p')
      .promote(...images);
    expect(findingsOf(duplicateTag, [manifest])).toEqual([]);
  });
});
