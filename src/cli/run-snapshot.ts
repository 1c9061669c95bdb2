import { renderSnapshot } from '../doors/snapshot/render.ts';
import type { SnapshotImage } from '../image/snapshot-image.ts';
import { walkRegistry } from '../inventory/walk-registry.ts';
import { type Browser, browse } from './browse.ts';
import { Notices } from './notices.ts';
import type { SnapshotOptions } from './snapshot-options.ts';
import type { Stdio } from './stdio.ts';
import { writePieces } from './write-pieces.ts';

/** A snapshot from its options to its exit code: 1 where something that should be in it is not. */
export function runSnapshot(
  options: SnapshotOptions,
  stdio: Stdio,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  return browse(options, { stdio, env }, async (browser) => {
    const notices = new Notices(browser.log);
    const images = await openSnapshot(options, { browser, notices });
    await writePieces(stdio.out, renderSnapshot(images, options));
    return notices.incomplete ? 1 : 0;
  });
}

async function openSnapshot(
  options: SnapshotOptions,
  { browser, notices }: { browser: Browser; notices: Notices },
): Promise<AsyncIterable<SnapshotImage>> {
  const { registry, tag, minimal, threads: workers, account: serviceAccount } = options;
  const client = await browser.open([{ name: registry, serviceAccount }]);
  const { progress, signal } = browser;
  return walkRegistry(
    { registry, repositories: [], tag, minimal },
    { registry: client, progress, notice: notices.take, workers },
    signal,
  );
}
