import type { ExcludedContent } from '../../browse/filter-children.ts';
import type { ExpectedDigests } from '../../browse/repository-content.ts';
import type { Naming } from '../../browse/image-names.ts';
import type { Notify } from '../../browse/notice.ts';
import { walkManifests } from '../../browse/walk-manifests.ts';
import { type WalkPorts, walkRegistry } from '../../browse/walk-registry.ts';
import { expandEdges } from '../../edges/expand-edges.ts';
import { namedWithin, wantedWithin } from '../../edges/wanted-within.ts';
import type { Digest } from '../../image/digest.ts';
import type { RegistryName } from '../../image/repository.ts';
import type { SnapshotImage } from '../../image/snapshot-image.ts';
import type { ImageEntry, PromoterManifest } from '../../manifest/model.ts';
import type { RunOptions } from '../flags/options/run-options.ts';
import type { BrowseOptions } from '../flags/options/browse-options.ts';
import { registriesOf } from '../runtime/bound-registries.ts';
import type { BrowseClient, Browser } from './browse.ts';
import { readRepositoriesFile } from './repositories-file.ts';

export interface Opening {
  readonly options: RunOptions & BrowseOptions;
  readonly browser: Browser;
  readonly open: () => Promise<BrowseClient>;
  readonly notice: Notify;
  /** Receives the digests that are left out. Default: none. */
  readonly leftOut?: WalkPorts['leftOut'];
}

/**
 * Opens a client for some registries at its first call, and returns the same one later. The account from the command
 * line wins over those of the manifests.
 */
export function clientFor(
  registries: readonly RegistryName[],
  manifests: readonly PromoterManifest[],
  { options, browser }: Pick<Opening, 'options' | 'browser'>,
): () => Promise<BrowseClient> {
  const named = registries.map((name) => ({ name, serviceAccount: options.account }));
  let client: Promise<BrowseClient> | undefined;
  return () => (client ??= browser.open([...named, ...registriesOf(manifests)]));
}

export interface RegistryRequest {
  readonly registry: RegistryName;
  /** Manifests that name repositories and digests which the registry may not list. */
  readonly manifests: readonly PromoterManifest[];
  readonly naming: Naming;
  /** Default: the digests that the manifests name. */
  readonly expected?: ExpectedDigests;
  /** Default: as in the options. */
  readonly minimal?: ExcludedContent;
}

/** The images that a registry holds. */
export async function openRegistryImages(
  { registry, manifests, naming, expected, minimal: asked }: RegistryRequest,
  { options, browser, open, notice, leftOut }: Opening,
): Promise<AsyncIterable<SnapshotImage>> {
  const minimal = asked ?? options.minimal;
  const { tag, threads: workers, repositoriesFile } = options;
  const listed = repositoriesFile === undefined ? [] : await readRepositoriesFile(repositoriesFile, registry);
  const named = namedWithin(manifests, registry);
  const request = {
    registry,
    listed,
    named: Array.from(named.keys()),
    tag,
    minimal,
    naming,
    expected: expected ?? (({ repository }) => digestsOf(named.get(repository))),
  };
  const { registry: client, whole } = await open();
  const ports = { registry: client, whole, progress: browser.progress, notice, leftOut, workers };
  return walkRegistry(request, ports, browser.signal);
}

/** The images that manifests want in a registry. */
export function openWantedImages(
  { registry, manifests, naming }: RegistryRequest,
  { options, browser, open, notice }: Opening,
): AsyncIterable<SnapshotImage> {
  const { tag, minimal, threads: workers } = options;
  const repositories = wantedWithin(expandEdges(manifests), registry);
  const request = { registry, repositories, tag, minimal, naming };
  const openRegistry = async () => (await open()).registry;
  return walkManifests(request, { notice, open: openRegistry, workers }, browser.signal);
}

function digestsOf(images: readonly ImageEntry[] = []): readonly Digest[] {
  return images.flatMap(({ digests }) => digests.map(({ digest }) => digest));
}
