import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from '../../base/text.ts';
import { type Filter, type Filters, parseFilter, parseTagFilter } from '../../workflows/mm/filters.ts';
import { type Merge, type MergeRequest, mergeRelease } from '../../workflows/mm/merge-release.ts';
import { UsageError } from '../flags/usage-error.ts';
import { readImageList } from '../output/image-lists.ts';
import { BrowseWarnings } from './browse-warnings.ts';
import type { BrowseClient, Browser } from './browse.ts';

/** Filters as they were given. */
export type FilterTexts = Readonly<Record<keyof Filters, readonly string[]>>;

/** Throws a `UsageError`, which names the tags by `flag`. */
export function parseFilters({ images, tags, digests }: FilterTexts, flag: string): Filters {
  return {
    images: images.map(parseFilter),
    tags: tags.map((tag) => tagFilterOf(tag, flag)),
    digests: digests.map(parseFilter),
  };
}

function tagFilterOf(text: string, flag: string): Filter {
  if (text === 'latest') throw new UsageError(`${flag} cannot be "latest" (anti-pattern): name a version`);
  const filter = parseTagFilter(text);
  if (filter !== undefined) return filter;
  throw new UsageError(`${flag}=${quote(text)} is no tag and no range of versions: write ">=1.30.0 <1.31"`);
}

export interface Merging extends MergeRequest {
  /** The manifest directory. */
  readonly directory: string;
  readonly workers: number;
}

/** Merges images of a staging registry into the text of the list of their project, without writing it. */
export async function mergeImages(
  { directory, workers, ...request }: Merging,
  { browser, client }: { readonly browser: Browser; readonly client: BrowseClient },
): Promise<Merge> {
  const { log, signal, progress } = browser;
  const { registry, whole } = client;
  const { take: notice } = new BrowseWarnings(log, { absence: 'warning' });
  const readImages = async (project: string) => await readImageList(directory, project);
  return await mergeRelease(request, { registry, whole, progress, notice, workers, readImages }, signal);
}

/** The directories of a checkout of k8s.io that hold thin manifests. */
const CHECKOUTS = ['registry.k8s.io', 'k8s.gcr.io'] as const;

/** The manifest directory that a path leads to: itself, or one in a checkout. Else the path, whose faults are reported. */
export async function manifestDirectoryAt(base: string): Promise<string> {
  const candidates = [base, ...CHECKOUTS.map((name) => join(base, name))];
  for (const directory of candidates) {
    const found = await stat(join(directory, 'manifests')).catch(() => undefined);
    if (found?.isDirectory()) return directory;
  }
  return base;
}
