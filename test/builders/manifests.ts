import type { Position } from '../../src/base/position.ts';
import { type Digest, parseDigest } from '../../src/image/digest.ts';
import {
  type ImageName,
  parseImageName,
  parseRegistryName,
  parseRepository,
  type RegistryName,
  type Repository,
} from '../../src/image/repository.ts';
import { parseTag, type Tag } from '../../src/image/tag.ts';
import type { DigestEntry, ImageEntry, PromoterManifest, Registry } from '../../src/manifest/model.ts';

/** Tags by digest, as in a `dmap`; no tags is a digest that is wanted without any. */
export type Dmap = Readonly<Record<string, readonly string[]>>;

/** A `dmap` for each image. */
export type Images = Readonly<Record<string, Dmap>>;

/** `inFile('a.yaml').from('gcr.io/staging').to('eu.gcr.io/prod').promote({ app: { [A]: ['v1'] } })` */
export function inFile(file: string) {
  return {
    from: (source: string) => ({
      to: (...destinations: readonly string[]) => ({
        /** An object for each list entry, or several entries in one object. */
        promote: (...images: readonly Images[]): PromoterManifest =>
          makeManifest({ file, source, destinations, images }),
      }),
    }),
  };
}

/** The same in the file `m.yaml`. */
export function from(source: string) {
  return inFile('m.yaml').from(source);
}

/** A well-formed digest of one repeated hex digit. */
export function digest(digit: string): Digest {
  return valid(parseDigest(`sha256:${digit.repeat(64)}`), digit);
}

export function tag(text: string): Tag {
  return valid(parseTag(text), text);
}

export function imageName(text: string): ImageName {
  return valid(parseImageName(text), text);
}

export function repository(text: string): Repository {
  return valid(parseRepository(text), text);
}

export function registryName(text: string): RegistryName {
  return valid(parseRegistryName(text), text);
}

interface Recipe {
  readonly file: string;
  readonly source: string;
  readonly destinations: readonly string[];
  readonly images: readonly Images[];
}

/** Lines as in a file: one for each registry, each image and each digest; tags are columns of their digest's line. */
function makeManifest({ file, source, destinations, images }: Recipe): PromoterManifest {
  let line = 0;
  const next = (): Position => {
    line += 1;
    return { file, line, column: 1 };
  };
  const registry = (name: string): Registry => ({
    name: valid(parseRegistryName(name), name),
    serviceAccount: undefined,
    at: next(),
  });
  const digestEntry = ([digest, tags]: readonly [string, readonly string[]]): DigestEntry => {
    const at = next();
    const tagEntries = tags.map((text, index) => ({ tag: tag(text), at: { ...at, column: 80 + index } }));
    return { digest: valid(parseDigest(digest), digest), tags: tagEntries, at };
  };
  const imageEntry = ([name, dmap]: readonly [string, Dmap]): ImageEntry => ({
    name: valid(parseImageName(name), name),
    at: next(),
    digests: Object.entries(dmap).map(digestEntry),
  });
  return {
    file,
    source: registry(source),
    destinations: destinations.map(registry),
    images: images.flatMap((some) => Object.entries(some).map(imageEntry)),
  };
}

function valid<T>(parsed: T | undefined, text: string): T {
  if (parsed === undefined) throw new Error(`a test has the malformed name ${JSON.stringify(text)}`);
  return parsed;
}
