import { addTo } from '../../base/maps.ts';
import { countOf, trimEndOf } from '../../base/text.ts';
import { digestOf } from '../../image/digest.ts';
import type { ImageAddition } from '../../manifest/edit/edit-images.ts';
import type { Proposal } from '../../ports/pull-requests.ts';

/** The selection of a promotion, as it was given. */
export interface Selection {
  readonly project: string;
  /** Tags, globs and ranges; empty for the rules of `-watch`. */
  readonly tags: readonly string[];
  readonly images: readonly string[];
  readonly digests: readonly string[];
}

/** A promotion to describe in a pull request. */
export interface Promotion {
  readonly selection: Selection;
  readonly added: readonly ImageAddition[];
  readonly program: 'cip' | 'kpromo';
  /** The command that makes the same pull request. */
  readonly command: string;
  /** Mentioned; empty for nobody. */
  readonly reviewers: string;
  /** The URL of an issue. */
  readonly issue: string | undefined;
}

const SUFFIX = 'image-promotion';
/** Anything but characters that are valid everywhere in the name of a branch. */
const INVALID = /[^A-Za-z0-9._-]+|\.\.+/g;
const HASH_LENGTH = 8;

/**
 * The branch of a selection, `PROJECT-TAG-image-promotion`. Of several tags, of images and of digests it has a hash:
 * another selection must not replace the branch of this one.
 */
export function branchOf({ project, tags, images, digests }: Selection): string {
  const [first = 'watch', ...others] = tags;
  const isPlain = first.search(INVALID) === -1;
  const rest = { others: others.toSorted(), images: images.toSorted(), digests: digests.toSorted() };
  const hasMore = Object.values(rest).some((values) => values.length > 0);
  const key = JSON.stringify({ ...rest, first });
  const [, hash = ''] = digestOf(Buffer.from(key)).split(':');
  const parts = [project, first, hasMore || !isPlain ? hash.slice(0, HASH_LENGTH) : '', SUFFIX];
  return parts
    .map((part) => trimEndOf(part.replace(INVALID, '-').replace(/^[-.]+/, ''), '-'))
    .filter((part) => part !== '')
    .join('-');
}

/** True for the first line of a commit message that `titleOf` made for the project. */
export function isOwnSubject(subject: string, project: string): boolean {
  return subject.replace(/^releng: /, '').startsWith(`${prefixOf(project)} `);
}

const MAX_TITLE_TAGS = 5;
/** GitHub takes titles of 256 characters; one tag has up to 128. */
const MAX_TITLE_TAG_CHARACTERS = 150;

/** The title of the pull request, and of its commit. */
export function titleOf(promotion: Pick<Promotion, 'selection' | 'added'>): string {
  const area = promotion.selection.project === 'kubernetes' ? 'releng: ' : '';
  return `${area}${prefixOf(promotion.selection.project)} ${tagsOf(promotion)}`;
}

function prefixOf(project: string): string {
  return `Image promotion for ${project}`;
}

/** The tags as they were given, if each is one; else those that were added. */
function tagsOf({ selection: { tags }, added }: Pick<Promotion, 'selection' | 'added'>): string {
  const isExact = tags.length > 0 && tags.every((tag) => /^[\w.-]+$/.test(tag));
  const named = isExact ? tags : Array.from(new Set(added.map(({ tag }) => tag ?? ''))).toSorted();
  const fitting = fittingIn(MAX_TITLE_TAG_CHARACTERS, named);
  const shown = named.slice(0, Math.min(MAX_TITLE_TAGS, fitting));
  const rest = named.length - shown.length;
  return rest > 0 ? `${shown.join(' / ')} and ${rest} more` : shown.join(' / ');
}

const FENCE = '```';

/** The title and the body of the pull request. */
export function describePromotion(promotion: Promotion): Proposal {
  const { selection, program, command, reviewers, issue } = promotion;
  const lines = [
    `${prefixOf(selection.project)} ${tagsOf(promotion)}`,
    `This is an automated PR generated from \`${program}\``,
    FENCE,
    command,
    FENCE,
    ...(issue === undefined ? [] : [`xref: ${issue}`]),
    '',
    listImages(promotion),
    '',
    '/hold',
    ...(reviewers === '' ? [] : [`cc: ${reviewers}`]),
    '',
  ];
  return { title: titleOf(promotion), body: lines.join('\n') };
}

/** The text of a comment after the branch has got other images. */
export function describeUpdate(promotion: Promotion): string {
  return `The images of this pull request changed.\n\n${listImages(promotion)}\n\n/hold\n`;
}

const BEGIN = '<!-- cip images -->';
const END = '<!-- /cip images -->';
/** GitHub takes 65,536 characters for the whole body. */
const MAX_TABLE_CHARACTERS = 50_000;

/** A table of the images, between two marks. */
export function listImages({ added }: Pick<Promotion, 'added'>): string {
  const tags = new Map<string, string[]>();
  for (const { name, digest, tag } of added) addTo(tags, `${name} ${digest}`, tag ?? '');
  const rows = Array.from(tags, ([key, own]) => {
    const [name = '', digest = ''] = key.split(' ');
    return `| ${name} | ${own.toSorted().join(', ')} | \`${digest}\` |`;
  });
  const shown = rows.slice(0, fittingIn(MAX_TABLE_CHARACTERS, rows));
  const rest = rows.length - shown.length;
  const more = rest > 0 ? [`\n${countOf(rest, 'more image')}: see the changed files`] : [];
  const head = ['| image | tags | digest |', '| --- | --- | --- |'];
  return [BEGIN, ...head, ...shown, ...more, END].join('\n');
}

/** A body with the table of images of another; its other lines stay, unless it has no table. */
export function replaceImages(body: string, other: string): string {
  const [place, images] = [placeOfImages(body), placeOfImages(other)];
  if (place === undefined || images === undefined) return other;
  return body.slice(0, place.start) + other.slice(images.start, images.end) + body.slice(place.end);
}

/** How many of the first texts have at most so many characters together. */
function fittingIn(characters: number, texts: readonly string[]): number {
  let count = 0;
  let left = characters;
  for (const { length } of texts) {
    left -= length;
    if (left < 0) break;
    count += 1;
  }
  return count;
}

function placeOfImages(body: string): { readonly start: number; readonly end: number } | undefined {
  const start = body.indexOf(BEGIN);
  const end = body.indexOf(END, start);
  return start === -1 || end === -1 ? undefined : { start, end: end + END.length };
}
