import { allSettledOrThrow } from '../../base/concurrency.ts';
import { compareText } from '../../base/sorted.ts';
import type { Repository } from '../../image/repository.ts';
import { orUnreadable } from '../../ports/unreadable.ts';
import type { Differences, PackageChanges } from '../../report/review/review.ts';
import { commitRange, type SourceCommit } from './commit-range.ts';
import { compareFields, comparePlatforms, type PlatformFields } from './compare-images.ts';
import { comparePackages } from './compare-packages.ts';
import type { Fields } from './config-fields.ts';
import type { FoundSbom, SbomFinder } from './find-sbom.ts';
import type { NewImage } from './new-images.ts';
import { shorten } from './printable.ts';
import type { ImageFacts, ImageReader, PlatformFacts } from './read-image.ts';

/** A platform of one of the two images. */
interface Side {
  readonly title: 'previous image' | 'new image';
  readonly image: ImageFacts;
  readonly platform: PlatformFacts;
}

/** A platform of a new image, and the same platform of the previous image. */
interface Pair {
  readonly name: string;
  readonly before: Side | undefined;
  readonly after: Side;
}

const NO_FIELDS: Fields = new Map();

/** Compares new images with previous ones. */
export class ImageComparison {
  readonly #reader: ImageReader;
  readonly #sboms: SbomFinder;
  readonly #signal: AbortSignal;

  constructor(reader: ImageReader, sboms: SbomFinder, signal: AbortSignal) {
    this.#reader = reader;
    this.#sboms = sboms;
    this.#signal = signal;
  }

  /** The differences between a new image and the previous one, if any. Throws if the new image cannot be read. */
  async compare({ digest, sources, previous }: NewImage): Promise<Differences> {
    const after = await this.#reader.read(digest, sources);
    const { before, failure } = await this.#readPrevious(previous);
    const unknown = new Set([
      ...failure,
      ...after.unknown.map((text) => `new image: ${text}`),
      ...(before?.unknown ?? []).map((text) => `previous image: ${text}`),
    ]);
    const pairs = pairsOf(before, after);
    const fields = await allSettledOrThrow(pairs.map((pair) => this.#readFields(pair, unknown)));
    const main = mainOf(pairs);
    const packages = main && previous && (await this.#comparePackages(main, previous.repositories, unknown));
    return {
      platforms: comparePlatforms(before, after),
      ...compareFields(fields),
      commits: commitsIn(fields.find(({ platform }) => platform === main?.name)),
      packages: packages ?? null,
      unknown: Array.from(unknown, shorten),
    };
  }

  async #readPrevious(previous: NewImage['previous']) {
    if (previous === undefined) return { before: undefined, failure: [] };
    const read = await orUnreadable(this.#reader.read(previous.digest, previous.repositories), this.#signal);
    if ('platforms' in read) return { before: read, failure: [] };
    const reason = `previous image not read, so everything counts as new: ${read.reason}`;
    return { before: undefined, failure: [reason] };
  }

  async #readFields({ name, before, after }: Pair, unknown: Set<string>): Promise<PlatformFields> {
    const isSame = before !== undefined && before.platform.config?.digest === after.platform.config?.digest;
    const read = async (side: Side) => {
      const { image, platform, title } = side;
      const isRead = !isSame && platform.config !== undefined; // equal configs need not be read
      const config = isRead && (await this.#reader.config(platform.config, image.repository));
      if (typeof config === 'string') unknown.add(`${title}: ${config}`);
      return withAnnotations(typeof config === 'object' ? config.fields : NO_FIELDS, side);
    };
    const fields = {
      platform: name,
      before: before ? await read(before) : NO_FIELDS,
      after: await read(after),
    };
    if (isPlatform(name) && !fields.after.has('base image')) unknown.add('base image not annotated');
    if (isPlatform(name) && !isSame && !fields.after.has(REVISION)) unknown.add('source commit not labelled');
    return fields;
  }

  async #comparePackages(
    { name, before, after }: Pair,
    repositories: readonly Repository[],
    unknown: Set<string>,
  ): Promise<PackageChanges | undefined> {
    if (before === undefined || !isPlatform(name)) return undefined;
    if (before.platform.digest === after.platform.digest) return undefined;
    const now = await this.#findSbom(after, [after.image.repository]);
    if (!('packages' in now)) return void unknown.add(`packages not compared: new image: ${now.reason}`);
    // the destination is the first repository, and often has no attached SBOM
    const old = await this.#findSbom(before, repositories.toReversed());
    if (!('packages' in old)) return void unknown.add(`packages not compared: previous image: ${old.reason}`);
    if (old.format !== now.format)
      unknown.add(`SBOMs of different formats compared: ${old.format} before, ${now.format} now`);
    return { platform: name, ...comparePackages(old, now) };
  }

  #findSbom({ image, platform }: Side, repositories: readonly Repository[]): Promise<FoundSbom> {
    const request = { image, platform: platform.digest, repositories };
    return orUnreadable(this.#sboms.find(request), this.#signal);
  }
}

const SOURCE = 'label org.opencontainers.image.source';
const REVISION = 'label org.opencontainers.image.revision';

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md */
const ANNOTATED = [
  ['org.opencontainers.image.base.name', 'base image'],
  ['org.opencontainers.image.base.digest', 'base image digest'],
  ['org.opencontainers.image.source', SOURCE],
  ['org.opencontainers.image.revision', REVISION],
] as const;

/** The fields of a config, with base image and commit from annotations. */
function withAnnotations(config: Fields, { image, platform }: Side): Fields {
  const fields = new Map(config);
  for (const [annotation, field] of ANNOTATED) {
    const value = platform.annotations.get(annotation) ?? image.annotations.get(annotation);
    if (value !== undefined && !fields.has(field)) fields.set(field, value);
  }
  return fields;
}

function commitsIn(fields: PlatformFields | undefined) {
  return fields === undefined ? null : commitRange(commitIn(fields.before), commitIn(fields.after));
}

function commitIn(fields: Fields): SourceCommit {
  return {
    source: fields.get(SOURCE),
    revision: fields.get(REVISION),
  };
}

/** The platforms that both images have; all platforms of a new image without a previous one. */
function pairsOf(before: ImageFacts | undefined, after: ImageFacts): readonly Pair[] {
  const names = Array.from(after.platforms.keys()).toSorted(compareText);
  return names.flatMap((name): readonly Pair[] => {
    const [old, now] = [before?.platforms.get(name), after.platforms.get(name)];
    if (now === undefined || (before !== undefined && old === undefined)) return [];
    return [
      {
        name,
        before: before && old && { title: 'previous image', image: before, platform: old },
        after: { title: 'new image', image: after, platform: now },
      },
    ];
  });
}

/** The platform whose commit and packages are compared. */
function mainOf(pairs: readonly Pair[]): Pair | undefined {
  return pairs.find(({ name }) => name === 'linux/amd64') ?? pairs[0];
}

/** False for charts and artifacts. */
function isPlatform(name: string): boolean {
  return name.includes('/');
}
