import { expandEdges } from '../edges/expand-edges.ts';
import { namedWithin, wantedWithin } from '../edges/wanted-within.ts';
import type { RegistryName } from '../image/repository.ts';
import type { SnapshotImage } from '../image/snapshot-image.ts';
import type { Notify } from '../inventory/notice.ts';
import { walkRegistry } from '../inventory/walk-registry.ts';
import { walkWanted } from '../inventory/walk-wanted.ts';
import type { PromoterManifest } from '../manifest/model.ts';
import type { BrowseRegistry } from '../ports/registry.ts';
import type { Browser } from './browse.ts';
import { registriesOf } from './make-keychain.ts';
import type { RunOptions } from './options.ts';
import { readRepositoriesFile } from './repositories-file.ts';
import type { BrowseOptions } from './snapshot-options.ts';

export interface Opening {
  readonly options: RunOptions & BrowseOptions;
  readonly browser: Browser;
  readonly open: () => Promise<BrowseRegistry>;
  readonly notice: Notify;
}

/**
 * Makes a client for some registries when it is first called, and gives the same again. The account that the command
 * line names for them comes before those of the manifests.
 */
export function clientFor(
  registries: readonly RegistryName[],
  manifests: readonly PromoterManifest[],
  { options, browser }: Pick<Opening, 'options' | 'browser'>,
): () => Promise<BrowseRegistry> {
  const named = registries.map((name) => ({ name, serviceAccount: options.account }));
  let client: Promise<BrowseRegistry> | undefined;
  return () => (client ??= browser.open([...named, ...registriesOf(manifests)]));
}

/** The images that a registry holds. The manifests name repositories that it may not tell of. */
export async function openRegistryImages(
  registry: RegistryName,
  manifests: readonly PromoterManifest[],
  { options, browser, open, notice }: Opening,
): Promise<AsyncIterable<SnapshotImage>> {
  const { tag, minimal, threads: workers, repositoriesFile } = options;
  const listed = repositoriesFile === undefined ? [] : await readRepositoriesFile(repositoriesFile, registry);
  const repositories = [...listed, ...namedWithin(manifests, registry)];
  const ports = { registry: await open(), progress: browser.progress, notice, workers };
  return walkRegistry({ registry, repositories, tag, minimal }, ports, browser.signal);
}

/** The images that manifests want in a registry. */
export function openWantedImages(
  registry: RegistryName,
  manifests: readonly PromoterManifest[],
  { options, browser, open, notice }: Opening,
): AsyncIterable<SnapshotImage> {
  const { tag, minimal, threads: workers } = options;
  const repositories = wantedWithin(expandEdges(manifests), registry);
  return walkWanted({ registry, repositories, tag, minimal }, { notice, open, workers }, browser.signal);
}
