import { describe, expect, it } from 'vitest';
import { describeClaims, nameOthers } from '../../src/edges/claims.ts';
import { type Digest, digestOf } from '../../src/image/digest.ts';

function claim(digest: Digest, ...lines: readonly number[]) {
  return { digest, at: lines.map((line) => ({ file: 'm.yaml', line, column: 5 })) };
}

/** So many claims, at one line each. */
function claims(count: number) {
  return Array.from({ length: count }, (_, line) => claim(digestOf(Buffer.from(`${line}`)), line + 1));
}

describe('the others of a claim', () => {
  it.each([2, 3, 10, 11])('are all others of %i', (count) => {
    const all = claims(count);
    for (const { claim: own, others, moreOthers } of nameOthers(all)) {
      expect(others).toEqual(all.filter((one) => one !== own));
      expect(moreOthers).toBe(0);
    }
  });

  it.each([12, 4_000])('are the first ten of %i and a count', (count) => {
    const all = claims(count);
    const named = nameOthers(all);
    expect(named.map((one) => one.claim)).toEqual(all);
    for (const { claim: own, others, moreOthers } of named) {
      expect(others).toEqual(all.filter((one) => one !== own).slice(0, 10));
      expect(moreOthers).toBe(count - 11);
    }
    // nearly all share one list: memory stays in proportion to the claims
    expect(new Set(named.map(({ others }) => others)).size).toBe(11);
  });

  it('have few of their places, however many there are', () => {
    const [a = claim(digestOf(Buffer.from('')))] = claims(1);
    const many = claim(
      digestOf(Buffer.from('many')),
      ...Array.from({ length: 1_000 }, (_, line) => line + 1),
    );
    expect(nameOthers([a, many])[0]?.others[0]?.at.length).toBeLessThan(10);
  });
});

describe('claims in words', () => {
  const [a, b] = [claim(digestOf(Buffer.from('a')), 1), claim(digestOf(Buffer.from('b')), 2, 3)];

  it('are their digests with their places', () => {
    expect(describeClaims([a, b], { between: ', and ' })).toBe(
      `${a.digest} at m.yaml:1:5, and ${b.digest} at m.yaml:2:5 and m.yaml:3:5`,
    );
  });

  it('end with a count of those that are not named', () => {
    expect(describeClaims(claims(10), { between: ', ', more: 7 })).toMatch(/m\.yaml:10:5, 7 more digests$/);
    expect(describeClaims(claims(4_000), { between: ', ' })).toMatch(/m\.yaml:10:5, 3990 more digests$/);
  });

  it('say that there are more places', () => {
    const four = claim(a.digest, 1, 2, 3, 4);
    expect(describeClaims([four], { between: ', ' })).toMatch(
      / at m\.yaml:1:5 .* m\.yaml:3:5 and more places$/,
    );
  });
});
