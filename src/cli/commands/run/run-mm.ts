import { join } from 'node:path';
import { unifiedDiff } from '../../../base/unified-diff.ts';
import type { RegistryName } from '../../../image/repository.ts';
import type { Merge } from '../../../workflows/mm/merge-release.ts';
import { browse } from '../../browse/browse.ts';
import {
  type FilterTexts,
  manifestDirectoryAt,
  mergeImages,
  parseFilters,
} from '../../browse/merge-images.ts';
import type { RunOptions } from '../../flags/options/run-options.ts';
import { writeImageList } from '../../output/image-lists.ts';
import { type Stdio, writeTo } from '../../output/stdio.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import type { ProcessContext } from '../command.ts';

/** A complete request to merge images of a staging registry into the list of its project. */
export interface MergeOptions extends RunOptions {
  /** The manifest directory, or a checkout that has one. */
  readonly baseDirectory: string;
  readonly staging: RegistryName;
  readonly filters: FilterTexts;
  /** Whether to print a diff in place of writing. */
  readonly isDry: boolean;
}

const FLAGS = { images: '--filter_image', tags: '--filter_tag', digests: '--filter_digest' };

/** `cip mm` from its options to its exit code. */
export async function runMerge(options: MergeOptions, context: ProcessContext): Promise<number> {
  const filters = parseFilters(options.filters, FLAGS.tags);
  return await browse(options, context, async (browser) => {
    const { log, signal } = browser;
    const { staging, isDry, threads: workers } = options;
    const directory = await manifestDirectoryAt(options.baseDirectory);
    const where = { kind: 'thin', directory } as const;
    const reading = { strict: false, log, stopping: signal, imagesFrom: staging };
    const { manifests } = await loadManifests(where, reading);
    signal.throwIfAborted();
    const client = await browser.open([{ name: staging, serviceAccount: undefined }]);
    const request = { manifests, staging, filters, flags: FLAGS, unmatched: 'refused' } as const;
    const merge = await mergeImages({ ...request, directory, workers }, { browser, client });
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
