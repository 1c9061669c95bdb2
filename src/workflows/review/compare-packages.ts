import { compareText } from '../../base/sorted.ts';
import type { PackageChange, PackageChanges } from '../../report/review/review.ts';
import type { PackageList } from './packages.ts';
import { shorten } from './printable.ts';

/** Packages of one list. */
const MAX_PACKAGES = 1000;

/** The packages that two SBOMs list with different versions. */
export function comparePackages(
  before: Pick<PackageList, 'packages'>,
  after: Pick<PackageList, 'packages'>,
): Omit<PackageChanges, 'platform'> {
  const changes: PackageChange[] = [];
  let unchanged = 0;
  for (const name of new Set([...before.packages.keys(), ...after.packages.keys()])) {
    const [old, now] = [versionsOf(before, name), versionsOf(after, name)];
    if (old === now) unchanged += 1;
    else changes.push({ name: shorten(name), before: print(old), after: print(now) });
  }
  changes.sort((a, b) => compareText(a.name, b.name));
  const gained = changes.filter(({ before }) => before === null);
  const lost = changes.filter(({ after }) => after === null);
  const changed = changes.filter(({ before, after }) => before !== null && after !== null);
  return {
    gained: gained.slice(0, MAX_PACKAGES),
    lost: lost.slice(0, MAX_PACKAGES),
    changed: changed.slice(0, MAX_PACKAGES),
    unchanged,
    counts: { gained: gained.length, lost: lost.length, changed: changed.length },
  };
}

function versionsOf({ packages }: Pick<PackageList, 'packages'>, name: string): string | undefined {
  const versions = packages.get(name);
  return versions && Array.from(versions).toSorted(compareText).join(', ');
}

function print(versions: string | undefined): string | null {
  return versions === undefined ? null : shorten(versions);
}
