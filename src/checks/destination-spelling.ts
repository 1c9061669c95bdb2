import { addTo, getOrMake } from '../base/maps.ts';
import { editDistance, quote } from '../base/text.ts';
import type { Registry } from '../manifest/model.ts';
import type { Found } from './finding.ts';
import type { ManifestRule } from './rule.ts';

/**
 * The destinations of a project are copies of each other on other hosts or in other folders, so their paths have the
 * same components. One component that is nearly another one, where its host and folder lack that other one, is
 * probably a typing error (`asia.example/prod/cluster-api-aure` beside `eu.example/prod/cluster-api-azure`).
 */
export const destinationSpelling: ManifestRule = {
  name: 'destination-spelling',
  *check(manifests) {
    for (const { destinations } of manifests) yield* findMisspelt(destinations);
  },
};

/** More spellings at one place than this are different names on purpose, and comparing them all takes long. */
const MAX_SPELLINGS = 100;

/** A component at one place of a path: how it is spelt, and the destinations that spell it so. */
interface Spelling {
  readonly word: string;
  readonly uses: readonly Use[];
}

interface Use {
  readonly registry: Registry;
  /** Of the destination's name, before and behind the component, with their slashes. */
  readonly before: string;
  readonly after: string;
}

function* findMisspelt(destinations: readonly Registry[]): Generator<Found> {
  for (const spellings of spellingsByPlace(destinations).values()) {
    if (spellings.length > MAX_SPELLINGS) continue;
    for (const [index, odd] of spellings.entries()) {
      const usual = spellings.find((other, at) => isUsual(other, odd, at < index));
      if (usual !== undefined) for (const use of odd.uses) yield misspelt(use, usual.word);
    }
  }
}

/** Spellings of the component that the same components follow, in the order of the file. */
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

/** True for a spelling that more destinations have, or as many that stand first, and none in the folder of the odd one. */
function isUsual(usual: Spelling, odd: Spelling, isFirst: boolean): boolean {
  const lead = usual.uses.length - odd.uses.length;
  if (lead < 0 || (lead === 0 && !isFirst)) return false;
  if (!isNear(usual.word, odd.word, lead > 0 ? 2 : 1)) return false;
  const folders = new Set(usual.uses.map(({ before }) => before));
  return !odd.uses.some(({ before }) => folders.has(before));
}

/** A word that is shorter than this is easily another word. */
const SHORTEST = 4;
/** From this length on a word with two errors is recognisable. */
const LONG = 12;

/** Numbers are no typing errors: `v1` and `v2` are different on purpose. */
function isNear(a: string, b: string, errors: 1 | 2): boolean {
  const length = Math.min(a.length, b.length);
  if (length < SHORTEST || Math.abs(a.length - b.length) > errors) return false;
  if (withoutDigits(a) === withoutDigits(b)) return false;
  return isTransposed(a, b) || editDistance(a, b) <= (length < LONG ? 1 : errors);
}

/** True where two letters in a row have changed places. */
function isTransposed(a: string, b: string): boolean {
  const at = Array.from(a).findIndex((letter, index) => letter !== b[index]);
  return at !== -1 && `${a.slice(0, at)}${a[at + 1] ?? ''}${a[at] ?? ''}${a.slice(at + 2)}` === b;
}

function withoutDigits(word: string): string {
  return word.replace(/\d/g, '');
}

function misspelt({ registry, before, after }: Use, word: string): Found {
  return {
    level: 'warn',
    message: `destination ${quote(registry.name)} is spelt unlike the others of this project`,
    advice: `did you mean ${quote(`${before}${word}${after}`)}?`,
    at: registry.at,
    edges: [],
  };
}
