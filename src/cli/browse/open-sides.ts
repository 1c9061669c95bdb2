import { forEachConcurrently } from '../../base/concurrency.ts';
import { assertNever } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import type { ExcludedContent } from '../../browse/filter-children.ts';
import { type ExpectedDigests, NO_EXPECTED_DIGESTS } from '../../browse/repository-content.ts';
import { type Naming, nameOfRoot, namerOf, repositoryCalled } from '../../browse/image-names.ts';
import { expandEdges } from '../../edges/expand-edges.ts';
import { wantedWithin } from '../../edges/wanted-within.ts';
import type { Digest } from '../../image/digest.ts';
import { asRepository, type RegistryName } from '../../image/repository.ts';
import type { SnapshotImage } from '../../image/snapshot-image.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import { orUnreadable } from '../../ports/unreadable.ts';
import type { DiffSide } from '../../workflows/diff/diff.ts';
import type { BrowseOptions } from '../flags/options/browse-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { BrowseWarnings } from './browse-warnings.ts';
import type { Browser } from './browse.ts';
import { ExcludedDigests, filterImages } from './filter-images.ts';
import { clientFor, type Opening, openRegistryImages, openWantedImages } from './open-images.ts';
import type { ReadSide } from './read-side.ts';

export interface OpenSide extends DiffSide {
  readonly gaps: BrowseWarnings;
}

/** Opens both sides with one client, so that they share the limits of each host, and with the manifests of both. */
export async function openSides(
  [a, b]: readonly [ReadSide, ReadSide],
  { options, browser }: { readonly options: Opening['options']; readonly browser: Browser },
): Promise<readonly [OpenSide, OpenSide]> {
  const sides = [a, b];
  refuseMinimalFile(sides, options);
  const manifests = sides.flatMap((side) => (side.kind === 'manifests' ? side.read.manifests : []));
  const registries = sides.flatMap((side) => (side.kind === 'snapshot' ? [] : [side.registry]));
  const open = clientFor(registries, manifests, { options, browser });
  const tagsOnlyHosts = new Set<string>();
  const openOne = async (side: ReadSide, other: ReadSide): Promise<OpenSide> => {
    const gaps = new BrowseWarnings(browser.log, { absence: 'warning', tagsOnlyHosts });
    const leftOut = new ExcludedDigests();
    const opening = { options, browser, open, notice: gaps.take, leftOut: leftOut.add };
    if (side.kind === 'manifests' && side.read.problems.some(({ severity }) => severity === 'error')) {
      gaps.markIncomplete();
    }
    const images = await openImages(side, other, { opening, manifests });
    const areRegistries = side.kind === 'registry' && other.kind === 'registry';
    const seek = areRegistries ? seekerIn(side.registry, { gaps, opening }) : undefined;
    return { title: side.title, gaps, images, leftOut: leftOut.take, seek };
  };
  return [await openOne(a, b), await openOne(b, a)];
}

/** Only a registry shows which digests are children of an index. */
function refuseMinimalFile(sides: readonly ReadSide[], { minimal, tag }: Opening['options']): void {
  if (minimal === 'nothing' || tag !== undefined) return;
  const file = sides.find(({ kind }) => kind === 'snapshot');
  if (file === undefined || sides.some(({ kind }) => kind === 'registry')) return;
  throw new UsageError(
    `-minimal-snapshot is not possible for ${quote(file.title)}, which does not contain the children of indexes: compare it with a registry, or leave the flag out`,
  );
}

/** Queries digests that a registry which lists tags only does not show. */
function seekerIn(
  registry: RegistryName,
  { gaps, opening }: { readonly gaps: BrowseWarnings; readonly opening: Opening },
): DiffSide['seek'] {
  const { options, browser, open } = opening;
  const { signal } = browser;
  return async (name, digests) => {
    const repository = gaps.seesTagsOnly ? repositoryCalled(name, registry) : undefined;
    if (repository === undefined) return [];
    const { registry: client } = await open();
    const found: Digest[] = [];
    const asking = forEachConcurrently(digests, { workers: options.threads, signal }, async (digest) => {
      if ((await client.resolve(repository, digest, signal)) !== undefined) found.push(digest);
    });
    const failed = await orUnreadable(asking, signal);
    if (failed !== undefined) gaps.take({ ...failed, repository, name });
    return found;
  };
}

async function openImages(
  side: ReadSide,
  other: ReadSide,
  { opening, manifests }: { readonly opening: Opening; readonly manifests: readonly PromoterManifest[] },
): Promise<AsyncIterable<SnapshotImage>> {
  switch (side.kind) {
    case 'registry': {
      const { registry } = side;
      const expected = soughtBy(other);
      const naming = namingFor(registry, other);
      const minimal = minimalBeside(other, opening.options);
      return await openRegistryImages({ registry, manifests, naming, expected, minimal }, opening);
    }
    case 'snapshot':
      return filterImages(side.images, opening.options);
    case 'manifests': {
      const { registry, read } = side;
      const naming = namingFor(registry, other);
      return openWantedImages({ registry, manifests: read.manifests, naming }, opening);
    }
    default:
      return assertNever(side);
  }
}

/** Manifests name indexes, and a promotion copies the children with them: only children named as well count. */
function minimalBeside(other: ReadSide, { minimal }: Pick<BrowseOptions, 'minimal'>): ExcludedContent {
  return other.kind === 'manifests' && minimal === 'nothing' ? 'unexpected-children' : minimal;
}

/** In the snapshot of a registry that is an image itself, all names begin with the one of that image. */
function namingFor(registry: RegistryName, other: ReadSide): Naming {
  if (other.kind !== 'snapshot') return 'from-root';
  const root = nameOfRoot(registry, 'as-snapshot');
  const names = other.images.map(({ name }) => name);
  const isAsSnapshot = names.includes(root) && names.every((name) => `${name}/`.startsWith(`${root}/`));
  return isAsSnapshot ? 'as-snapshot' : 'from-root';
}

/** The digests that a side expects the other to have. Those of a registry are known only as its images arrive (`seekerIn`). */
function soughtBy(side: ReadSide): ExpectedDigests {
  switch (side.kind) {
    case 'registry':
      return NO_EXPECTED_DIGESTS;
    case 'snapshot': {
      const images = new Map(side.images.map(({ name, digests }) => [name, digests]));
      return ({ name }) => digestsOf(images.get(name));
    }
    case 'manifests': {
      const repositories = wantedWithin(expandEdges(side.read.manifests), side.registry);
      const holdsImages = repositories.some(({ repository }) => repository === asRepository(side.registry));
      const nameOf = namerOf(side.registry, { naming: 'from-root', holdsImages }, () => {});
      const wants = new Map(repositories.map(({ repository, list }) => [nameOf(repository), list.wants]));
      return ({ name }) => digestsOf(wants.get(name));
    }
    default:
      return assertNever(side);
  }
}

function digestsOf(entries: readonly { readonly digest: Digest }[] = []): readonly Digest[] {
  return entries.map(({ digest }) => digest);
}
