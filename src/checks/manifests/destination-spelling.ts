import { addTo, getOrMake } from '../../base/maps.ts';
import { editDistance, quote } from '../../base/text.ts';
import { isWithin } from '../../image/repository.ts';
import type { Registry } from '../../manifest/model.ts';
import type { ManifestFound, ManifestRule } from '../rule.ts';

/**
 * The destinations of a project are copies of each other on other hosts or in other folders, so their paths have the
 * same components. A component that is nearly another one, in a folder that lacks the other one, is probably a typing
 * error (`asia.example/prod/cluster-api-aure` beside `eu.example/prod/cluster-api-azure`).
 */
export const destinationSpelling: ManifestRule = {
  name: 'destination-spelling',
  level: 'warn',
  *check(manifests) {
    for (const { destinations } of manifests) yield* findMisspelt(destinations);
  },
};

/** More spellings at one place are different names on purpose, and comparing them all would take long. */
const MAX_SPELLINGS = 100;

/** A spelling of the component at one place of a path, and its destinations. */
interface Spelling {
  readonly word: string;
  readonly uses: readonly Use[];
}

interface Use {
  readonly registry: Registry;
  /** Parts of the destination's name before and after the component, with their slashes. */
  readonly before: string;
  readonly after: string;
}

function* findMisspelt(destinations: readonly Registry[]): Generator<ManifestFound> {
  for (const spellings of spellingsByPlace(destinations).values()) {
    if (spellings.length > MAX_SPELLINGS) continue;
    for (const [index, odd] of spellings.entries()) {
      const usual = spellings.find((other, at) => isUsual(other, odd, at < index));
      if (usual !== undefined) for (const use of odd.uses) yield misspelt(use, usual.word);
    }
  }
}

/** Spellings of components after the same components, in the order of the file. */
function spellingsByPlace(destinations: readonly Registry[]): Map<string, Spelling[]> {
  const places = new Map<string, Map<string, Use[]>>();
  for (const registry of destinations) {
    const [, ...components] = registry.name.split('/');
    let end = registry.name.length;
    for (const word of components.toReversed()) {
      const before = registry.name.slice(0, end - word.length);
      const after = registry.name.slice(end);
      const words = getOrMake(places, after, () => new Map<string, Use[]>());
      addTo(words, word, { registry, before, after });
      end = before.length - 1;
    }
  }
  return new Map(
    Array.from(places, ([after, words]) => [after, Array.from(words, ([word, uses]) => ({ word, uses }))]),
  );
}

/** True for the spelling of more destinations, or of as many but earlier ones, and none in the odd one's folder. */
function isUsual(usual: Spelling, odd: Spelling, isFirst: boolean): boolean {
  const lead = usual.uses.length - odd.uses.length;
  if (lead < 0 || (lead === 0 && !isFirst)) return false;
  if (!isNear(usual.word, odd.word, lead > 0 ? 2 : 1)) return false;
  const folders = new Set(usual.uses.map(({ before }) => before));
  return !odd.uses.some(({ before }) => folders.has(before));
}

/** A shorter word differs from many other words by one letter. */
const SHORTEST = 4;
/** A word of this length is recognisable with two errors. */
const LONG = 12;

/** Differences in numbers are deliberate: `v1` and `v2`. */
function isNear(a: string, b: string, errors: 1 | 2): boolean {
  const length = Math.min(a.length, b.length);
  if (length < SHORTEST || Math.abs(a.length - b.length) > errors) return false;
  if (withoutDigits(a) === withoutDigits(b)) return false;
  return isTransposed(a, b) || editDistance(a, b) <= (length < LONG ? 1 : errors);
}

/** True if two adjacent letters are swapped. */
function isTransposed(a: string, b: string): boolean {
  const at = Array.from(a).findIndex((letter, index) => letter !== b[index]);
  return at !== -1 && `${a.slice(0, at)}${a[at + 1] ?? ''}${a[at] ?? ''}${a.slice(at + 2)}` === b;
}

function withoutDigits(word: string): string {
  return word.replace(/\d/g, '');
}

function misspelt({ registry, before, after }: Use, word: string): ManifestFound {
  return {
    message: `destination ${quote(registry.name)} is spelt unlike the others of this project`,
    advice: `did you mean ${quote(`${before}${word}${after}`)}?`,
    at: registry.at,
    concerns: ({ destination }) => isWithin(destination, registry.name),
  };
}
