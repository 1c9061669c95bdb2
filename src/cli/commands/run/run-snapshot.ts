import type { SnapshotImage } from '../../../image/snapshot-image.ts';
import { renderSnapshot } from '../../../workflows/snapshot/render.ts';
import type { SnapshotOptions } from '../../flags/options/snapshot-options.ts';
import { BrowseWarnings } from '../../browse/browse-warnings.ts';
import { streamOutput } from '../../output/stream-output.ts';
import { type Browser, browse } from '../../browse/browse.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import { clientFor, openRegistryImages, openWantedImages } from '../../browse/open-images.ts';
import type { ProcessContext } from '../command.ts';

/**
 * A snapshot from its options to its exit code: 1 where something that should be in it is not, or its reader did not
 * wait for all of it.
 */
export function runSnapshot(options: SnapshotOptions, context: ProcessContext): Promise<number> {
  return browse(options, context, async (browser) => {
    const notices = new BrowseWarnings(browser.log, { absence: 'error' });
    const images = await openImages(options, { browser, notices });
    const delivery = await streamOutput(context.stdio.out, renderSnapshot(images, options));
    return notices.incomplete || delivery === 'gone' ? 1 : 0;
  });
}

async function openImages(
  options: SnapshotOptions,
  { browser, notices }: { browser: Browser; notices: BrowseWarnings },
): Promise<AsyncIterable<SnapshotImage>> {
  const { registry, source, where } = options;
  const { log, signal: stopping } = browser;
  const reading = { strict: false, log, stopping };
  const read = where === undefined ? undefined : await loadManifests(where, reading);
  stopping.throwIfAborted();
  const manifests = read?.manifests ?? [];
  const open = clientFor([registry], manifests, { options, browser });
  const opening = { options, browser, open, notice: notices.take };
  const request = { registry, manifests, naming: 'as-snapshot' } as const;
  if (source === 'registry') return openRegistryImages(request, opening);
  if (read?.problems.some(({ severity }) => severity === 'error')) notices.markIncomplete();
  return openWantedImages(request, opening);
}
