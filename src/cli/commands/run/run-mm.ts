import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from '../../../base/text.ts';
import { unifiedDiff } from '../../../base/unified-diff.ts';
import type { RegistryName } from '../../../image/repository.ts';
import { type Filter, type Filters, parseFilter, parseTagFilter } from '../../../workflows/mm/filters.ts';
import { type Merge, mergeRelease } from '../../../workflows/mm/merge-release.ts';
import { BrowseWarnings } from '../../browse/browse-warnings.ts';
import { browse } from '../../browse/browse.ts';
import type { RunOptions } from '../../flags/options/run-options.ts';
import { UsageError } from '../../flags/usage-error.ts';
import { readImageList, writeImageList } from '../../output/image-lists.ts';
import { type Stdio, writeTo } from '../../output/stdio.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import type { ProcessContext } from '../command.ts';

/** A complete request to merge images of a staging registry into the list of its project. */
export interface MergeOptions extends RunOptions {
  /** The manifest directory, or a checkout that has it in one of `CHECKOUTS`. */
  readonly baseDirectory: string;
  readonly staging: RegistryName;
  /** As they were given. */
  readonly filters: Readonly<Record<keyof Filters, readonly string[]>>;
  /** Whether to print a diff in place of writing. */
  readonly isDry: boolean;
}

/** `cip mm` from its options to its exit code. */
export async function runMerge(options: MergeOptions, context: ProcessContext): Promise<number> {
  const filters = parseFilters(options.filters);
  return await browse(options, context, async (browser) => {
    const { log, signal, progress } = browser;
    const { staging, isDry, threads: workers } = options;
    const directory = await manifestDirectoryAt(options.baseDirectory);
    const where = { kind: 'thin', directory } as const;
    const reading = { strict: false, log, stopping: signal, imagesFrom: staging };
    const { manifests } = await loadManifests(where, reading);
    signal.throwIfAborted();
    const { registry, whole } = await browser.open([{ name: staging, serviceAccount: undefined }]);
    const warnings = new BrowseWarnings(log, { absence: 'warning' });
    const readImages = async (project: string) => await readImageList(directory, project);
    const ports = { registry, whole, progress, notice: warnings.take, workers, readImages };
    const merge = await mergeRelease({ manifests, staging, filters }, ports, signal);
    switch (merge.kind) {
      case 'refused':
        for (const reason of merge.reasons) log.write('error', reason);
        log.write('error', 'nothing was written');
        return 1;
      case 'unchanged':
        log.write('info', `nothing to do: everything is in ${merge.file} already`);
        return 0;
      case 'merged':
        if (isDry) return await printDiff(merge, context.stdio);
        await writeImageList(directory, merge);
        log.write('info', `RENDER ${join(directory, merge.file)}`, countsOf(merge));
        return 0;
    }
  });
}

function parseFilters({ images, tags, digests }: MergeOptions['filters']): Filters {
  return {
    images: images.map(parseFilter),
    tags: tags.map(tagFilterOf),
    digests: digests.map(parseFilter),
  };
}

function tagFilterOf(text: string): Filter {
  if (text === 'latest')
    throw new UsageError('--filter_tag cannot be "latest" (anti-pattern): name a version');
  const filter = parseTagFilter(text);
  if (filter !== undefined) return filter;
  throw new UsageError(
    `--filter_tag=${quote(text)} is no tag and no range of versions: write ">=1.30.0 <1.31"`,
  );
}

type Merged = Extract<Merge, { readonly kind: 'merged' }>;

function countsOf({ added }: Merged): {
  readonly images: number;
  readonly digests: number;
  readonly tags: number;
} {
  const images = new Set(added.map(({ name }) => name)).size;
  const digests = new Set(added.map(({ name, digest }) => `${name}@${digest}`)).size;
  return { images, digests, tags: added.length };
}

async function printDiff({ file, before, text }: Merged, { out }: Stdio): Promise<number> {
  return (await writeTo(out, unifiedDiff(file, before, text))) === 'gone' ? 1 : 0;
}

/** The directories of a checkout of k8s.io that hold thin manifests. */
const CHECKOUTS = ['registry.k8s.io', 'k8s.gcr.io'] as const;

async function manifestDirectoryAt(base: string): Promise<string> {
  const candidates = [base, ...CHECKOUTS.map((name) => join(base, name))];
  for (const directory of candidates) {
    const found = await stat(join(directory, 'manifests')).catch(() => undefined);
    if (found?.isDirectory()) return directory;
  }
  return base; // its faults are reported
}
