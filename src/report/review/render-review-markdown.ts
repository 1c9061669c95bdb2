import { countOf, listSome } from '../../base/text.ts';
import { codeCell } from '../render-table.ts';
import type {
  Differences,
  FieldChange,
  ImageReview,
  PackageChange,
  PackageChanges,
  Review,
} from './review.ts';
import {
  countPackages,
  describePackage,
  describePrevious,
  formatSize,
  isGained,
  isLost,
  sizeChange,
  summarizeDifferences,
  titleOf,
} from './review-facts.ts';

/** Packages of one list, and rows of the field table. */
const MAX_PACKAGES = 30;
const MAX_ROWS = 60;
/** Characters kept free for the line about images that do not fit. */
const RESERVE = 200;

/**
 * The review as Markdown of at most `maxCharacters`: a folded section for each image, one line if the section does not fit,
 * and a count of the rest. Every untrusted text is in a code span.
 */
export function renderReviewMarkdown(
  { images, promoted }: Review,
  { maxCharacters }: { readonly maxCharacters: number },
): string {
  const parts: string[] = [];
  let left = maxCharacters - RESERVE;
  let hidden = 0;
  const add = (...forms: readonly string[]) => {
    const form = forms.find(({ length }) => length + 2 <= left);
    if (form === undefined) hidden += 1;
    else {
      left -= form.length + 2;
      parts.push(form);
    }
  };
  if (images.length === 0) add('No new images to review.');
  for (const image of images) add(renderImage(image), renderLine(image));
  if (promoted.length > 0)
    add(`Promoted already, nothing new to review: ${codeCell(listSome(promoted.map(titleOf)))}`);
  if (hidden > 0) parts.push(`… and ${countOf(hidden, 'more image')}: \`cip review\` prints them.`);
  return parts.join('\n\n');
}

function renderLine(image: ImageReview): string {
  return `- ${codeCell(titleOf(image))}: ${summaryOf(image)}; too long for this comment`;
}

function summaryOf({ previous, result }: ImageReview): string {
  if (result.kind === 'failed') return 'not reviewed';
  if (previous === null) return 'first image of its repository';
  return summarizeDifferences(result);
}

function renderImage(image: ImageReview): string {
  const { destinations, digest, previous, result } = image;
  return [
    `<details><summary>${codeCell(titleOf(image))}: ${summaryOf(image)}</summary>`,
    [
      `- digest: ${codeCell(digest)}`,
      `- destinations: ${codeCell(listSome(destinations))}`,
      `- compared with: ${codeCell(describePrevious(previous))}`,
      ...(result.kind === 'failed' ? [`- **not reviewed**: ${codeCell(result.reason)}`] : factsOf(result)),
    ].join('\n'),
    ...(result.kind === 'failed' ? [] : tablesOf(result)),
    '</details>',
  ].join('\n\n');
}

function factsOf({ commits, unknown }: Differences): string[] {
  return [
    ...(commits === null ? [] : [`- commits: ${linkTo(commits)}`]),
    ...unknown.map((text) => `- not known: ${codeCell(text)}`),
  ];
}

function linkTo({ before, after, url }: NonNullable<Differences['commits']>): string {
  const range = codeCell(`${before.slice(0, 12)}...${after.slice(0, 12)}`);
  return url === null ? range : `[${range}](${url})`;
}

function tablesOf({ fields, moreFields, packages, platforms }: Differences): string[] {
  const more = moreFields + Math.max(0, fields.length - MAX_ROWS);
  return [
    ...(platforms.length === 0
      ? []
      : [table(['platform', 'before', 'now', ''], platforms.map(platformCells))]),
    ...(fields.length === 0
      ? []
      : [table(['field', 'before', 'now'], fields.slice(0, MAX_ROWS).map(fieldCells))]),
    ...(more > 0 ? [`… and ${countOf(more, 'more field')}.`] : []),
    ...(packages === null ? [] : [packageSection(packages)]),
  ];
}

function platformCells(size: Differences['platforms'][number]): string[] {
  const { platform, before, after } = size;
  const change = isGained(size) ? '**gained**' : isLost(size) ? '**lost**' : sizeChange(size);
  return [
    codeCell(platform),
    ...[before, after].map((bytes) => (bytes === null ? '' : formatSize(bytes))),
    change,
  ];
}

function fieldCells({ field, platforms, before, after }: FieldChange): string[] {
  const where = platforms.length === 0 ? '' : ` (${platforms.map(codeCell).join(', ')})`;
  const isHidden = before !== null && before === after;
  const values = isHidden
    ? ['', '*changed*']
    : [before, after].map((value) => (value === null ? '' : codeCell(value)));
  return [`${codeCell(field)}${where}`, ...values];
}

function packageSection(packages: PackageChanges): string {
  const { platform, gained, lost, changed, counts } = packages;
  return [
    `Packages of ${codeCell(platform)}: ${countPackages(packages)}.`,
    ...packageLines('gained', gained, counts.gained),
    ...packageLines('lost', lost, counts.lost),
    ...packageLines('changed', changed, counts.changed),
  ].join('\n');
}

function packageLines(title: string, changes: readonly PackageChange[], count: number): string[] {
  if (changes.length === 0) return [];
  const rest = count - MAX_PACKAGES;
  const shown = changes.slice(0, MAX_PACKAGES).map((change) => codeCell(describePackage(change)));
  return [`- **${title}**: ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
