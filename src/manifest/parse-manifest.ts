import { countDigests, parseImages } from './parse-images.ts';
import type { ImageEntry, ManifestCounts, PromoterManifest, Registry } from './model.ts';
import { parseRegistries, type Registries } from './parse-registries.ts';
import { asMap, LIST, MAP, MapFields } from './map-fields.ts';
import type { SourceFile } from './source-file.ts';
import { type ParsedPolicies, parsePolicies } from './policy/parse-policies.ts';
import { hasPolicy } from './policy/guard-sources.ts';
import { parseList } from './yaml/parse-list.ts';
import { parseYaml } from './yaml/parse-yaml.ts';
import { isNull, kindOf, type YamlList, type YamlNode } from './yaml/yaml-tree.ts';

/** A parsed promoter manifest. Its problems were reported to its files. */
export interface ParsedProject {
  /** Undefined if it cannot be used as a whole. */
  readonly manifest: PromoterManifest | undefined;
  readonly counts: ManifestCounts;
  /** The expressions of its policies, to be checked. */
  readonly expressions: ParsedPolicies['expressions'];
  /** Its source, if its policies are not known, or the manifest cannot be used. */
  readonly unguarded: Registry | undefined;
}

/** A plain manifest: one map with the registries and the images. */
export function parsePlain(source: SourceFile): ParsedProject {
  const parsed = parseHeader('a manifest', source);
  const images = parsed && (parsed.images === undefined ? NO_IMAGES : readImages(parsed.images, source));
  return makeProject(source, { parsed, images });
}

/** A thin manifest: the registries in one file, the images in another. Each is checked even if the other is broken. */
export function parseThin(manifest: SourceFile, imageList: SourceFile): ParsedProject {
  const parsed = parseHeader('a thin manifest', manifest);
  return makeProject(manifest, { parsed, images: parseImageFile(imageList) });
}

type Header = Registries & Pick<PromoterManifest, 'signatures' | 'provenance'>;

/** The fields of a manifest file, undefined if it is no map; `header` is undefined if something in it is wrong. */
function parseHeader(owner: 'a manifest' | 'a thin manifest', source: SourceFile) {
  const root = parseYaml(source);
  if (root === undefined) return undefined;
  const map = isNull(root)
    ? { kind: 'map' as const, entries: [], at: root.at }
    : asMap(root, 'a manifest', source);
  if (map === undefined) return undefined;
  const fields = new MapFields(map, owner, source);
  const list = fields.take('registries', LIST);
  const images = owner === 'a manifest' ? fields.take('images', LIST) : undefined;
  if (owner === 'a thin manifest') fields.skip('imagesPath'); // in real manifests, without a meaning
  const sections = { signatures: fields.take('signatures', MAP), provenance: fields.take('provenance', MAP) };
  const isIntact = fields.close();
  const registries = fields.isBroken('registries') ? undefined : parseRegistries(list, map.at, source);
  const { policies, expressions } = parsePolicies(sections, map, source);
  const isUsable = isIntact && registries !== undefined && policies !== undefined;
  const header: Header | undefined = isUsable ? { ...registries, ...policies } : undefined;
  const isGuarded =
    policies !== undefined && !fields.isBroken('signatures') && !fields.isBroken('provenance');
  const unguarded = isGuarded ? undefined : registries?.source;
  return { images, header, expressions, unguarded };
}

/** The images of a file, or of a part of it. */
interface ImageList {
  /** The good entries. */
  readonly images: readonly ImageEntry[];
  /** Of all entries, good or bad. */
  readonly counts: Pick<ManifestCounts, 'images' | 'digests'>;
}

const NO_IMAGES: ImageList = { images: [], counts: { images: 0, digests: 0 } };

function readImages(list: YamlList, source: SourceFile): ImageList {
  return {
    images: parseImages(list, source),
    counts: { images: list.items.length, digests: countDigests(list) },
  };
}

function parseImageFile(source: SourceFile): ImageList | undefined {
  const parts = parseList(source, readImageFile);
  const good = parts.filter((part) => part !== undefined);
  if (parts.length === 0 || good.length < parts.length) return undefined;
  const sum = (count: keyof ImageList['counts']) =>
    good.reduce((total, { counts }) => total + counts[count], 0);
  return {
    images: good.flatMap(({ images }) => images),
    counts: { images: sum('images'), digests: sum('digests') },
  };
}

/** An empty file is an empty list: new projects start so. */
function readImageFile(root: YamlNode, source: SourceFile): ImageList | undefined {
  if (root.kind === 'list') return readImages(root, source);
  if (isNull(root)) return NO_IMAGES;
  const message = `the images have to be a list of maps with "name" and "dmap", not ${kindOf(root)}`;
  source.report({ rule: 'shape', message }, root.at);
  return undefined;
}

interface ProjectParts {
  readonly parsed: ReturnType<typeof parseHeader>;
  readonly images: ImageList | undefined;
}

function makeProject({ file }: SourceFile, { parsed, images: list }: ProjectParts): ParsedProject {
  const header = parsed?.header;
  const usable = header !== undefined && list !== undefined;
  return {
    manifest: usable ? { file, ...header, images: list.images } : undefined,
    counts: { projects: 1, ...(list ?? NO_IMAGES).counts },
    expressions: parsed?.expressions ?? [],
    unguarded:
      parsed?.unguarded ?? (list === undefined && header && hasPolicy(header) ? header.source : undefined),
  };
}
