import { describe, expect, it } from 'vitest';
import { limitEdges } from '../../src/manifest/limit-edges.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { digest, inFile } from '../builders/manifests.ts';

/** A manifest of so many registries times so many entries, which cost nothing here. */
function manifest(file: string, registries: number, entries: number): PromoterManifest {
  const made = inFile(file)
    .from('a.io/s')
    .to('b.io/p')
    .promote({ app: { [digest('a')]: ['v1'] } });
  const repeat = <T>(items: readonly T[], times: number) => Array.from({ length: times }, () => items).flat();
  return {
    ...made,
    destinations: repeat(made.destinations, registries),
    images: repeat(made.images, entries),
  };
}

describe('the edges of all manifests', () => {
  it('may be four million', () => {
    const manifests = [manifest('a', 1_000, 2_000), manifest('b', 2_000, 1_000)];
    expect(limitEdges(manifests)).toEqual({ manifests, problems: [] });
  });

  it('leave out the largest manifest where they are more', () => {
    const [small, large, other] = [manifest('a', 22, 100), manifest('b', 2_000, 2_000), manifest('c', 1, 1)];
    const { manifests, problems } = limitEdges([small, large, other]);
    expect(manifests.map(({ file }) => file)).toEqual(['a', 'c']);
    expect(problems).toMatchObject([
      {
        severity: 'error',
        rule: 'too-many-edges',
        message: expect.stringMatching(/^4000000 edges .* times 2000 registries\): .* 4000000/),
        at: { file: 'b', line: 1 },
      },
    ]);
  });

  it('leave out as many as it takes', () => {
    const { manifests } = limitEdges(['a', 'b', 'c'].map((file) => manifest(file, 2_000, 1_500)));
    expect(manifests).toHaveLength(1);
  });

  it('are a digest without tags too', () => {
    const tagless = inFile('a')
      .from('a.io/s')
      .to('b.io/p')
      .promote({ app: { [digest('a')]: [] } });
    const images = Array.from({ length: 2_001 }, () => tagless.images).flat();
    const destinations = Array.from({ length: 2_000 }, () => tagless.destinations).flat();
    expect(limitEdges([{ ...tagless, images, destinations }]).manifests).toEqual([]);
  });
});
