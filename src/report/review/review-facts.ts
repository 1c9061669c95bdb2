import { countOf } from '../../base/text.ts';
import type {
  Differences,
  ImageReview,
  PackageChange,
  PackageChanges,
  PlatformSize,
  PreviousImage,
} from './review.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `12.3 MiB`. */
export function formatSize(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** The change of a size in percent with a sign; empty for no change, and for a platform of one image only. */
export function sizeChange({ before, after }: PlatformSize): string {
  if (before === null || after === null || before === after) return '';
  if (before === 0) return `+${formatSize(after)}`;
  const percent = ((after - before) / before) * 100;
  const sign = percent > 0 ? '+' : '−';
  return `${sign}${Math.abs(percent).toFixed(Math.abs(percent) < 10 ? 1 : 0)} %`;
}

/** `app:v1.2, v1.2.0` of an image at its source. */
export function titleOf({ image, tags }: Pick<ImageReview, 'image' | 'tags'>): string {
  return `${image}${tags.length === 0 ? '' : `:${tags.join(', ')}`}`;
}

/** The previous image, and the reason for the choice. */
export function describePrevious(previous: PreviousImage | null): string {
  if (previous === null) return 'nothing: first image of its repository';
  const name = previous.tag === null ? previous.digest : `${previous.tag} (${previous.digest})`;
  return `${name}, ${previous.chosenBy === 'version' ? 'the version before' : 'the last entry promoted'}`;
}

/** A summary of the differences: `1 platform gained, 3 fields, 12 packages`. */
export function summarizeDifferences(differences: Differences): string {
  const { platforms, fields, moreFields, packages } = differences;
  const [gained, lost] = [platforms.filter(isGained).length, platforms.filter(isLost).length];
  const changedPackages =
    packages === null ? 0 : packages.counts.gained + packages.counts.lost + packages.counts.changed;
  const parts = [
    ...(gained > 0 ? [`${countOf(gained, 'platform')} gained`] : []),
    ...(lost > 0 ? [`${countOf(lost, 'platform')} lost`] : []),
    ...(fields.length > 0 ? [countOf(fields.length + moreFields, 'field')] : []),
    ...(changedPackages > 0 ? [countOf(changedPackages, 'package')] : []),
  ];
  return parts.length === 0 ? 'no differences found' : parts.join(', ');
}

export function isGained({ before }: PlatformSize): boolean {
  return before === null;
}

export function isLost({ after }: PlatformSize): boolean {
  return after === null;
}

/** `2 gained, 0 lost, 1 changed, 80 unchanged` */
export function countPackages({ counts, unchanged }: Pick<PackageChanges, 'counts' | 'unchanged'>): string {
  return `${counts.gained} gained, ${counts.lost} lost, ${counts.changed} changed, ${unchanged} unchanged`;
}

/** `openssl 3.0.11 → 3.0.13`. */
export function describePackage({ name, before, after }: PackageChange): string {
  const versions = [before, after].filter((version) => version !== null && version !== '');
  return [name, versions.join(' → ')].filter((part) => part !== '').join(' ');
}
