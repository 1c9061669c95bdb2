import { escapeControls, listSome } from '../../base/text.ts';
import type { Differences, FieldChange, ImageReview, PackageChanges, Review } from './review.ts';
import {
  countPackages,
  describePackage,
  describePrevious,
  formatSize,
  sizeChange,
  titleOf,
} from './review-facts.ts';

/** Packages of one list; the JSON output has more. */
const MAX_PACKAGES = 100;

/** The review as text for a terminal: a paragraph for each image. */
export function* renderReviewText({ images, promoted }: Review): Generator<string> {
  if (images.length === 0) yield 'no new images to review\n';
  for (const image of images) yield `${describeImage(image).map(escapeControls).join('\n')}\n\n`;
  if (promoted.length > 0)
    yield `promoted already, nothing new to review: ${escapeControls(listSome(promoted.map(titleOf)))}\n`;
}

function describeImage(image: ImageReview): string[] {
  const { result } = image;
  return [
    titleOf(image),
    `  digest: ${image.digest}`,
    `  destinations: ${listSome(image.destinations)}`,
    `  compared with: ${describePrevious(image.previous)}`,
    ...(result.kind === 'failed' ? [`  not reviewed: ${result.reason}`] : describeDifferences(result)),
  ];
}

function describeDifferences(differences: Differences): string[] {
  const { commits, fields, moreFields, packages, platforms, unknown } = differences;
  return [
    ...platforms.map((size) => {
      const { before, after } = size;
      if (before === null) return `  + platform ${size.platform}: ${formatSize(after ?? 0)}`;
      if (after === null) return `  - platform ${size.platform}: ${formatSize(before)}`;
      const change = sizeChange(size);
      const sizes =
        change === '' ? formatSize(after) : `${formatSize(before)} → ${formatSize(after)} (${change})`;
      return `    platform ${size.platform}: ${sizes}`;
    }),
    ...(commits === null
      ? []
      : [
          `    commits: ${commits.before}...${commits.after}${commits.url === null ? '' : ` ${commits.url}`}`,
        ]),
    ...fields.map(describeField),
    ...(moreFields > 0 ? [`    and ${moreFields} more fields`] : []),
    ...(packages === null ? [] : describePackages(packages)),
    ...unknown.map((text) => `  ? ${text}`),
  ];
}

function describeField({ field, platforms, before, after }: FieldChange): string {
  const where = platforms.length === 0 ? '' : ` [${platforms.join(', ')}]`;
  if (before === null) return `  + ${field}: ${after}${where}`;
  if (after === null) return `  - ${field}: ${before}${where}`;
  return before === after ? `  ~ ${field}: changed${where}` : `  ~ ${field}: ${before} → ${after}${where}`;
}

function describePackages(packages: PackageChanges): string[] {
  const list = (sign: string, kind: 'gained' | 'lost' | 'changed') => {
    const rest = packages.counts[kind] - MAX_PACKAGES;
    return [
      ...packages[kind]
        .slice(0, MAX_PACKAGES)
        .map((change) => `  ${sign} package ${describePackage(change)}`),
      ...(rest > 0 ? [`    and ${rest} more packages ${kind}`] : []),
    ];
  };
  return [
    `    packages of ${packages.platform}: ${countPackages(packages)}`,
    ...list('+', 'gained'),
    ...list('-', 'lost'),
    ...list('~', 'changed'),
  ];
}
