import { listSome, quote } from '../../base/text.ts';
import type { Notice, Notify } from '../../browse/notice.ts';
import { NO_EXPECTED_DIGESTS } from '../../browse/repository-content.ts';
import { type WalkPorts, walkRegistry } from '../../browse/walk-registry.ts';
import { namedWithin } from '../../edges/wanted-within.ts';
import { parseImageName, parseRepository, type RegistryName } from '../../image/repository.ts';
import type { SnapshotImage } from '../../image/snapshot-image.ts';
import { editImages, type ImageAddition } from '../../manifest/edit/edit-images.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import { type Filter, FILTER_KINDS, type FilterFlags, type Filters, matching } from './filters.ts';

export interface MergeRequest {
  readonly manifests: readonly PromoterManifest[];
  /** The source registry of the project whose list gets the images. */
  readonly staging: RegistryName;
  readonly filters: Filters;
  /** The flags that the filters were given by. */
  readonly flags: FilterFlags;
  /** Whether a filter that matches nothing is a mistake. */
  readonly unmatched: 'refused' | 'ignored';
}

export interface MergePorts extends Omit<WalkPorts, 'leftOut'> {
  /** The text of the list of images of a project. */
  readonly readImages: (project: string) => Promise<{ readonly file: string; readonly text: string }>;
}

/** The result of a merge. */
export type Merge =
  | {
      readonly kind: 'merged';
      readonly project: string;
      readonly file: string;
      readonly before: string;
      readonly text: string;
      readonly added: readonly ImageAddition[];
    }
  | { readonly kind: 'unchanged'; readonly file: string }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/** Merges the tagged images of a staging registry into the list of images of its project. `latest` is left out. */
export async function mergeRelease(
  request: MergeRequest,
  ports: MergePorts,
  signal: AbortSignal,
): Promise<Merge> {
  const { manifests, staging } = request;
  const manifest = manifests.find(({ source }) => source.name === staging);
  if (manifest === undefined) return refuse([unknownStaging(request)]);
  const selection = await select(manifest, request, { ports, signal });
  if (selection.reasons.length > 0) return refuse(selection.reasons);
  const project = manifest.file.split('/').at(-2) ?? '';
  const list = await ports.readImages(project);
  const { file, text: before } = list;
  const edit = editImages(list, selection.additions);
  switch (edit.kind) {
    case 'edited':
      return { kind: 'merged', project, file, before, text: edit.text, added: edit.added };
    case 'unchanged':
      return { kind: 'unchanged', file };
    case 'refused':
      return edit;
  }
}

interface Selection {
  readonly additions: readonly ImageAddition[];
  /** Why they are incomplete. */
  readonly reasons: readonly string[];
}

async function select(
  manifest: PromoterManifest,
  { staging, filters, flags, unmatched }: MergeRequest,
  { ports, signal }: { readonly ports: MergePorts; readonly signal: AbortSignal },
): Promise<Selection> {
  const gaps: string[] = [];
  const notice: Notify = (one) => {
    if (isGap(one, filters))
      gaps.push(`${staging} was not read completely, so images may be missing: see above, and run it again`);
    // the listing has repositories: the filters left out their images, which is told below
    const isFiltered = one.kind === 'nothing-there' && one.presence === 'present';
    if (!isFiltered) ports.notice(one);
  };
  const exact = filters.images
    .filter(({ isExact }) => isExact)
    .map(({ text }) => parseRepository(`${staging}/${text}`));
  const walk = walkRegistry(
    {
      registry: staging,
      listed: exact.filter((repository) => repository !== undefined),
      named: Array.from(namedWithin([manifest], staging).keys()),
      tag: undefined,
      onlyTags: (tag) => isPromoted(tag) && matching(filters.tags, tag) !== undefined,
      minimal: 'nothing',
      naming: 'from-root',
      expected: NO_EXPECTED_DIGESTS,
    },
    { ...ports, notice },
    signal,
  );
  const used = new Set<Filter>();
  const additions: ImageAddition[] = [];
  for await (const image of walk) additions.push(...additionsOf(image, filters, used));
  const [gap] = gaps;
  if (gap !== undefined) return { additions, reasons: [gap] };
  if (unmatched === 'ignored') return { additions, reasons: [] };
  const unused = FILTER_KINDS.flatMap((kind) =>
    filters[kind].filter((filter) => !used.has(filter)).map(({ text }) => `${flags[kind]}=${quote(text)}`),
  );
  return { additions, reasons: unused.length > 0 ? [nothingSurvived(unused)] : [] };
}

/** A tag that moves cannot be promoted. */
function isPromoted(tag: string): boolean {
  return tag !== 'latest';
}

/** True for a notice of content that was not read, unless the filters leave it out. */
function isGap(notice: Notice, { images }: Filters): boolean {
  if (notice.kind === 'unlisted') return true;
  if (notice.kind !== 'unreadable') return false;
  return notice.name === '' || matching(images, notice.name) !== undefined;
}

/** The digests of an image that survive, under the tags that survive. Marks the filters that let one through. */
function additionsOf(
  { name: text, digests }: SnapshotImage,
  filters: Filters,
  used: Set<Filter>,
): readonly ImageAddition[] {
  const name = parseImageName(text);
  const byName = matching(filters.images, text);
  if (name === undefined || byName === undefined) return [];
  return digests.flatMap(({ digest, tags }) => {
    const byDigest = matching(filters.digests, digest);
    if (byDigest === undefined) return [];
    return tags.flatMap((tag) => {
      const byTag = matching(filters.tags, tag);
      if (byTag === undefined || !isPromoted(tag)) return [];
      for (const filter of [...byName, ...byDigest, ...byTag]) used.add(filter);
      return [{ name, digest, tag }];
    });
  });
}

function unknownStaging({ staging, manifests }: MergeRequest): string {
  const known = listSome(manifests.map(({ source }) => source.name));
  return `could not find Manifest for ${quote(staging)}: no project has this source registry, there is ${known}`;
}

function nothingSurvived(filters: readonly string[]): string {
  return `no images survived filtering by ${filters.join(', ')}; double-check your flag(s) for typos`;
}

function refuse(reasons: readonly string[]): Merge {
  return { kind: 'refused', reasons };
}
