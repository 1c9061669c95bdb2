import { groupBy } from '../../base/maps.ts';
import { entriesWithout, keyOf, type ListContent, type ListEntry } from './list-content.ts';

/** Changes of the two sides that exclude each other. */
export type Contradiction =
  /** A tag with two digests. */
  | { readonly kind: 'tag'; readonly ours: ListEntry; readonly theirs: ListEntry }
  /** One side removes an image or digest, and the other adds to it. */
  | {
      readonly kind: 'removal';
      readonly removed: string;
      readonly by: 'ours' | 'theirs';
      readonly added: ListEntry;
    };

/** The three versions of a list. */
export interface ListVersions {
  readonly base: ListContent;
  readonly ours: ListContent;
  readonly theirs: ListContent;
}

export function findContradictions(
  versions: ListVersions,
  merged: readonly ListEntry[],
): readonly Contradiction[] {
  const { base, ours, theirs } = versions;
  return [
    ...twiceTagged(versions, merged),
    ...removedAndChanged({ base, remover: ours, changer: theirs }, 'ours'),
    ...removedAndChanged({ base, remover: theirs, changer: ours }, 'theirs'),
  ];
}

/** A tag with two digests on one side is a fault of that side, not a contradiction. */
function twiceTagged({ ours, theirs }: ListVersions, merged: readonly ListEntry[]): readonly Contradiction[] {
  const byTag = groupBy(
    merged.filter(({ tag }) => tag !== undefined),
    ({ name, tag }) => `${name}:${tag}`,
  );
  return Array.from(byTag.values()).flatMap((entries) => {
    const our = entries.find((entry) => !isIn(theirs, entry));
    const their = entries.find((entry) => !isIn(ours, entry));
    return our && their ? [{ kind: 'tag' as const, ours: our, theirs: their }] : [];
  });
}

function removedAndChanged(
  { base, remover, changer }: Readonly<Record<'base' | 'remover' | 'changer', ListContent>>,
  by: 'ours' | 'theirs',
): readonly Contradiction[] {
  const kept = new Set(namesOf(remover));
  const removed = new Set(namesOf(base).filter((name) => !kept.has(name)));
  const contradictions = new Map<string, Contradiction>();
  for (const added of entriesWithout(changer, base)) {
    const name = [`${added.name}@${added.digest}`, added.name].find((one) => removed.has(one));
    if (name !== undefined && !isIn(remover, added))
      contradictions.set(name, { kind: 'removal', removed: name, by, added });
  }
  return Array.from(contradictions.values());
}

/** `NAME` and `NAME@DIGEST` of each entry. */
function namesOf({ entries }: ListContent): readonly string[] {
  return Array.from(entries.values()).flatMap(({ name, digest }) => [name, `${name}@${digest}`]);
}

function isIn({ entries }: ListContent, entry: ListEntry): boolean {
  return entries.has(keyOf(entry));
}

/** What each side says, and what to do. */
export function describeContradiction(contradiction: Contradiction): string {
  switch (contradiction.kind) {
    case 'tag': {
      const { ours, theirs } = contradiction;
      return `${ours.name}:${ours.tag} has ${ours.digest} on our side and ${theirs.digest} on theirs: keep one of them`;
    }
    case 'removal': {
      const { removed, by, added } = contradiction;
      const sides = by === 'ours' ? ['our side', 'theirs'] : ['their side', 'ours'];
      const what = `${added.name}${added.tag === undefined ? '' : `:${added.tag}`} (${added.digest})`;
      return `${removed} is removed on ${sides[0]}, and ${what} is added on ${sides[1]}: keep one of the changes`;
    }
  }
}
