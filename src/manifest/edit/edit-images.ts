import { addTo, groupBy } from '../../base/maps.ts';
import { formatPosition, type Position } from '../../base/position.ts';
import { sortedBy } from '../../base/sorted.ts';
import type { Digest } from '../../image/digest.ts';
import type { ImageName } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { ImageEntry } from '../model.ts';
import { parseImages } from '../parse-images.ts';
import { SourceFile } from '../source-file.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { isNull, type YamlNode } from '../yaml/yaml-tree.ts';
import { renderImageLines } from './render-entry.ts';
import { type ImageGrowth, spliceImages } from './splice-images.ts';

/** A digest that a list of images gets, under a tag or under none. */
export interface ImageAddition {
  readonly name: ImageName;
  readonly digest: Digest;
  readonly tag: Tag | undefined;
}

/** The result of editing a list of images. */
export type Edit =
  | { readonly kind: 'edited'; readonly text: string; readonly added: readonly ImageAddition[] }
  /** Every digest is there under its tag already. */
  | { readonly kind: 'unchanged' }
  /** At least one reason. */
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/**
 * Adds digests, with or without a tag, to the text of a list of images. The result is parsed again and must hold the
 * old content and the additions, nothing else; other texts are refused. A tag is never moved, and all is added or
 * nothing.
 */
export function editImages(
  { file, text }: { readonly file: string; readonly text: string },
  additions: readonly ImageAddition[],
): Edit {
  const before = readList(file, text);
  if (before === undefined)
    return refuse([`${file} is not a list of images: correct it first, run cip lint for its errors`]);
  const known = new KnownEntries(before.images);
  const added: ImageAddition[] = [];
  const reasons: string[] = [];
  for (const addition of additions) {
    const claim = known.otherClaim(addition);
    if (claim !== undefined) reasons.push(tagIsTaken(addition, claim));
    else if (!known.has(addition)) {
      known.add(addition);
      added.push(addition);
    }
  }
  if (reasons.length > 0) return refuse(reasons);
  if (added.length === 0) return { kind: 'unchanged' };
  const growths = groupAdditions(added);
  const edited = spliceImages({ text, root: before.root }, growths);
  const after = edited === undefined ? undefined : readList(file, edited);
  if (edited === undefined || after === undefined || !isExactly(after, before, added))
    return refuse([refuseLayout(file, growths)]);
  return { kind: 'edited', text: edited, added };
}

/** The digest that has a tag, and its place; without one where it is added as well. */
interface TagClaim {
  readonly digest: Digest;
  readonly at?: Position;
}

/** The content of a list: the digests of each image, and the digests that have a tag. */
class KnownEntries {
  readonly #entries = new Set<string>();
  readonly #claims = new Map<string, TagClaim[]>();

  constructor(images: readonly ImageEntry[]) {
    for (const { name, digests } of images) {
      for (const { digest, tags, at } of digests) {
        this.#entries.add(formatEntry(name, digest, undefined));
        for (const { tag } of tags) {
          this.#entries.add(formatEntry(name, digest, tag));
          addTo(this.#claims, `${name}:${tag}`, { digest, at });
        }
      }
    }
  }

  has({ name, digest, tag }: ImageAddition): boolean {
    return this.#entries.has(formatEntry(name, digest, tag));
  }

  otherClaim({ name, digest, tag }: ImageAddition): TagClaim | undefined {
    return tag === undefined
      ? undefined
      : this.#claims.get(`${name}:${tag}`)?.find((claim) => claim.digest !== digest);
  }

  add({ name, digest, tag }: ImageAddition): void {
    this.#entries.add(formatEntry(name, digest, undefined)).add(formatEntry(name, digest, tag));
    if (tag !== undefined) addTo(this.#claims, `${name}:${tag}`, { digest });
  }
}

function tagIsTaken({ name, digest, tag }: ImageAddition, { digest: other, at }: TagClaim): string {
  const place = at === undefined ? 'too' : `at ${formatPosition(at)}`;
  return `${name}:${tag} is ${other} ${place}: a tag is not moved, choose another tag for ${digest}`;
}

/** Additions by image and digest, in the order of lists. */
function groupAdditions(additions: readonly ImageAddition[]): readonly ImageGrowth[] {
  const byName = groupBy(additions, ({ name }) => name);
  return sortedBy(byName, ([name]) => name).map(([name, ofImage]) => {
    const byDigest = groupBy(ofImage, ({ digest }) => digest);
    const digests = sortedBy(byDigest, ([digest]) => digest).map(([digest, ofDigest]) => ({
      digest,
      tags: sortedBy(
        ofDigest.flatMap(({ tag }) => (tag === undefined ? [] : [tag])),
        (tag) => tag,
      ),
    }));
    return { name, digests };
  });
}

interface ReadList {
  readonly root: YamlNode;
  readonly images: readonly ImageEntry[];
  readonly problems: number;
}

function readList(file: string, text: string): ReadList | undefined {
  const source = new SourceFile(file, text);
  const root = parseYaml(source);
  if (root === undefined || (root.kind !== 'list' && !isNull(root))) return undefined;
  const images = root.kind === 'list' ? parseImages(root, source) : [];
  return { root, images, problems: source.problems.filter(({ severity }) => severity === 'error').length };
}

/** True where the one list is the other and the additions: nothing else has changed, and nothing new is wrong. */
function isExactly(after: ReadList, before: ReadList, additions: readonly ImageAddition[]): boolean {
  const expected = contentOf(before.images);
  for (const { name, digest, tag } of additions) {
    expected.add(formatEntry(name, digest, undefined)).add(formatEntry(name, digest, tag));
  }
  const found = contentOf(after.images);
  return (
    after.problems === before.problems &&
    found.size === expected.size &&
    Array.from(found).every((entry) => expected.has(entry))
  );
}

function contentOf(images: readonly ImageEntry[]): Set<string> {
  return new Set(
    images.flatMap(({ name, digests }) =>
      digests.flatMap(({ digest, tags }) =>
        [undefined, ...tags.map(({ tag }) => tag)].map((tag) => formatEntry(name, digest, tag)),
      ),
    ),
  );
}

function formatEntry(name: string, digest: Digest, tag: Tag | undefined): string {
  return `${name} ${digest} ${tag ?? ''}`;
}

/** The first additions, as a reader would write them. */
function refuseLayout(file: string, growths: readonly ImageGrowth[]): string {
  const lines = growths.flatMap(({ name, digests }) => renderImageLines(name, digests));
  const shown = lines.slice(0, MAX_LINES).map((line) => line.trim());
  const more = lines.length > MAX_LINES ? ' …' : '';
  return `${file} is written in a way that cannot be edited without other changes: add by hand ${shown.join(' ')}${more}`;
}

const MAX_LINES = 10;

function refuse(reasons: readonly string[]): Edit {
  return { kind: 'refused', reasons };
}
