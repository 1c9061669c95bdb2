import { describe, expect, it } from 'vitest';
import {
  COSIGN_SUFFIXES,
  cosignTagOf,
  isAttachmentTag,
  isReferrersTag,
  referrersTagOf,
  subjectOfTag,
} from '../../src/image/attachment-tags.ts';
import { digestOf, parseDigest } from '../../src/image/digest.ts';

const SUBJECT = digestOf(Buffer.from('subject'));
const LONG = parseDigest(`sha512:${'ab'.repeat(64)}`) ?? SUBJECT;
const HEX = SUBJECT.replace('sha256:', '');

describe('a tag of attachments', () => {
  it('names its subject', () => {
    expect(referrersTagOf(SUBJECT)).toBe(`sha256-${HEX}`);
    expect(cosignTagOf(SUBJECT, 'sig')).toBe(`sha256-${HEX}.sig`);
    for (const tag of [referrersTagOf(SUBJECT), ...COSIGN_SUFFIXES.map((end) => cosignTagOf(SUBJECT, end))]) {
      expect(isAttachmentTag(tag)).toBe(true);
      expect(subjectOfTag(tag)).toBe(SUBJECT);
    }
  });

  it('has the first 64 characters of a sha512 digest, which name no subject', () => {
    const tag = referrersTagOf(LONG);
    expect(tag).toBe(`sha512-${'ab'.repeat(32)}`);
    expect(isReferrersTag(tag)).toBe(true);
    expect(subjectOfTag(tag)).toBeUndefined();
  });

  it('of referrers has no suffix', () => {
    expect(isReferrersTag(referrersTagOf(SUBJECT))).toBe(true);
    expect(isReferrersTag(cosignTagOf(SUBJECT, 'att'))).toBe(false);
  });

  it.each([
    'v1',
    `sha256-${HEX}.tar`,
    `sha256-${HEX}a`,
    `sha256-${HEX.slice(1)}`,
    `md5-${HEX}`,
    `x${HEX}.sig`,
  ])('is not %s', (tag) => {
    expect([isAttachmentTag(tag), isReferrersTag(tag), subjectOfTag(tag)]).toEqual([false, false, undefined]);
  });
});
