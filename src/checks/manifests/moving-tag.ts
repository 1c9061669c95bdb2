import { matchesGlob, quote } from '../../base/text.ts';
import type { Position } from '../../base/position.ts';
import { isWithin } from '../../image/repository.ts';
import type { ImageEntry, PromoterManifest, TagEntry } from '../../manifest/model.ts';
import type { PlanItem } from '../../plan/plan.ts';
import type { ManifestFound, ManifestRule } from '../rule.ts';

/** Tags that their owners move, in lower case. */
const MOVING: readonly string[] = [
  'latest',
  'latest-*',
  '*-latest',
  'main',
  'master',
  'head',
  'trunk',
  'canary',
  'edge',
  'nightly',
  'dev',
  'develop',
  'stable',
];

/** Finds tags that move at the source: a promoted tag keeps its first digest. */
export function movingTag(tags: readonly string[] = MOVING): ManifestRule {
  const lower = tags.map((tag) => tag.toLowerCase());
  const names = new Set(lower); // a set is fast, and few patterns are globs
  const globs = lower.filter((tag) => /[*?]/.test(tag));
  const isMoving = ({ tag }: TagEntry) => {
    const name = tag.toLowerCase();
    return names.has(name) || globs.some((glob) => matchesGlob(glob, name));
  };
  return {
    name: 'moving-tag',
    level: 'warn',
    *check(manifests) {
      for (const manifest of manifests) {
        for (const image of manifest.images) {
          for (const tag of image.digests.flatMap((entry) => entry.tags.filter(isMoving))) {
            yield moving(tag, { image, manifest });
          }
        }
      }
    },
  };
}

function moving(
  { tag, at }: TagEntry,
  { image, manifest }: { readonly image: ImageEntry; readonly manifest: PromoterManifest },
): ManifestFound {
  const leadsHere = ({ destination }: PlanItem) =>
    manifest.destinations.some(({ name }) => isWithin(destination, name));
  return {
    message: `tag ${quote(tag)} of ${image.name} is a moving tag`,
    advice: 'promote a version: a promoted tag keeps its first digest',
    at,
    concerns: (item) => item.tag === tag && item.at.some((one) => isSame(one, at)) && leadsHere(item),
  };
}

function isSame(a: Position, b: Position): boolean {
  return a.line === b.line && a.column === b.column && a.file === b.file;
}
