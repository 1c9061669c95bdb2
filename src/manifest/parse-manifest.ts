import { parseImages, countDigests } from './parse-images.ts';
import type { ManifestCounts, PromoterManifest, Registry } from './model.ts';
import { parseRegistries, type Registries } from './parse-registries.ts';
import { asMap, LIST, MAP, MapFields } from './map-fields.ts';
import type { SourceFile } from './source-file.ts';
import { type ParsedPolicies, parsePolicies } from './policy/parse-policies.ts';
import { hasPolicy } from './policy/guard-sources.ts';
import { parseYaml } from './yaml/parse-yaml.ts';
import { isNull, kindOf, type YamlList } from './yaml/yaml-tree.ts';

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
  const images = parsed && (parsed.images ?? emptyList(parsed.at));
  return makeProject(source, { parsed, images, imageList: source });
}

/** A thin manifest: the registries in one file, the images in another. Each is checked even if the other is broken. */
export function parseThin(manifest: SourceFile, imageList: SourceFile): ParsedProject {
  const parsed = parseHeader('a thin manifest', manifest);
  return makeProject(manifest, { parsed, images: parseImageFile(imageList), imageList });
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
  return { images, header, expressions, unguarded, at: map.at };
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
  readonly parsed: ReturnType<typeof parseHeader>;
  readonly images: YamlList | undefined;
  /** The file of the images. */
  readonly imageList: SourceFile;
}

function makeProject({ file }: SourceFile, { parsed, images: list, imageList }: ProjectParts): ParsedProject {
  const header = parsed?.header;
  const images = list === undefined ? undefined : parseImages(list, imageList);
  return {
    manifest: header !== undefined && images !== undefined ? { file, ...header, images } : undefined,
    counts: {
      projects: 1,
      images: list?.items.length ?? 0,
      digests: list === undefined ? 0 : countDigests(list),
    },
    expressions: parsed?.expressions ?? [],
    unguarded:
      parsed?.unguarded ?? (images === undefined && header && hasPolicy(header) ? header.source : undefined),
  };
}
