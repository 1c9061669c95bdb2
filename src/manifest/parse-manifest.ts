import { parseImages, countDigests } from './parse-images.ts';
import type { ManifestCounts, PromoterManifest } from './model.ts';
import { parseProvenance } from './parse-provenance.ts';
import { parseRegistries, type Registries } from './parse-registries.ts';
import { asMap, LIST, MAP, MapFields } from './map-fields.ts';
import type { SourceFile } from './source-file.ts';
import { parseYaml } from './yaml/parse-yaml.ts';
import { isNull, kindOf, type YamlList } from './yaml/yaml-tree.ts';

/** A parsed promoter manifest. Its problems were reported to its files. */
export interface ParsedProject {
  /** Undefined if it cannot be used as a whole. */
  readonly manifest: PromoterManifest | undefined;
  readonly counts: ManifestCounts;
}

/** A plain manifest: one map with the registries and the images. */
export function parsePlain(source: SourceFile): ParsedProject {
  const parsed = parseHeader('a manifest', source);
  const images = parsed && (parsed.images ?? emptyList(parsed.at));
  return makeProject(source, { header: parsed?.header, images, imageList: source });
}

/** A thin manifest: the registries in one file, the images in another. Each is checked even if the other is broken. */
export function parseThin(manifest: SourceFile, imageList: SourceFile): ParsedProject {
  const parsed = parseHeader('a thin manifest', manifest);
  return makeProject(manifest, { header: parsed?.header, images: parseImageFile(imageList), imageList });
}

type Header = Registries & Pick<PromoterManifest, 'provenance'>;

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
  const section = fields.take('provenance', MAP);
  const isIntact = fields.close();
  const registries = fields.isBroken('registries') ? undefined : parseRegistries(list, map.at, source);
  const policy = parseProvenance(section, map, source);
  const isUsable = isIntact && registries !== undefined && policy !== undefined;
  const header: Header | undefined = isUsable ? { ...registries, ...policy } : undefined;
  return { images, header, at: map.at };
}

/** An empty file is an empty list: new projects start so. */
function parseImageFile(source: SourceFile): YamlList | undefined {
  const root = parseYaml(source);
  if (root === undefined || root.kind === 'list') return root;
  if (isNull(root)) return emptyList(root.at);
  const message = `the images have to be a list of maps with "name" and "dmap", not ${kindOf(root)}`;
  source.report({ rule: 'shape', message }, root.at);
  return undefined;
}

function emptyList(at: number): YamlList {
  return { kind: 'list', items: [], at };
}

interface ProjectParts {
  readonly header: Header | undefined;
  readonly images: YamlList | undefined;
  /** The file of the images. */
  readonly imageList: SourceFile;
}

function makeProject({ file }: SourceFile, { header, images: list, imageList }: ProjectParts): ParsedProject {
  const images = list === undefined ? undefined : parseImages(list, imageList);
  return {
    manifest: header !== undefined && images !== undefined ? { file, ...header, images } : undefined,
    counts: {
      projects: 1,
      images: list?.items.length ?? 0,
      digests: list === undefined ? 0 : countDigests(list),
    },
  };
}
