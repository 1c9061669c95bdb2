import type { ImageEntry, PromoterManifest } from './model.ts';
import { countDigests, parseImages } from './parse-images.ts';
import type { ParsedProject } from './parse-plain.ts';
import { parseProvenance } from './parse-provenance.ts';
import { parseRegistries, type Registries } from './parse-registries.ts';
import { asMap, parseShape, ThinShape } from './shape.ts';
import type { SourceFile } from './source-file.ts';
import { parseYaml } from './yaml/parse-yaml.ts';
import { isNull, kindOf, type YamlList } from './yaml/yaml-tree.ts';

/** A thin manifest: the registries in one file, the list of images in another. Both are checked, whatever the other holds. */
export function parseThin(manifest: SourceFile, imageList: SourceFile): ParsedProject {
  const header = parseHeader(manifest);
  const list = parseListFile(imageList);
  const images: readonly ImageEntry[] = list === undefined ? [] : parseImages(list, imageList);
  return {
    manifest:
      header !== undefined && list !== undefined ? { file: manifest.file, ...header, images } : undefined,
    counts: {
      projects: 1,
      images: list?.items.length ?? 0,
      digests: list === undefined ? 0 : countDigests(list),
    },
  };
}

type Header = Registries & Pick<PromoterManifest, 'provenance'>;

function parseHeader(source: SourceFile): Header | undefined {
  const root = parseYaml(source);
  if (root === undefined) return undefined;
  const map = isNull(root)
    ? { kind: 'map' as const, entries: [], at: root.at }
    : asMap(root, 'a manifest', source);
  if (map === undefined) return undefined;
  const { fields, intact, broken } = parseShape(ThinShape, map, { owner: 'a thin manifest', source });
  const registries = broken.has('registries')
    ? undefined
    : parseRegistries(fields.registries, map.at, source);
  const policy = parseProvenance(fields.provenance, map, source);
  return intact && registries !== undefined && policy !== undefined
    ? { ...registries, ...policy }
    : undefined;
}

/** A file without an entry is a list without an entry: new projects start so. */
function parseListFile(source: SourceFile): YamlList | undefined {
  const root = parseYaml(source);
  if (root === undefined || root.kind === 'list') return root;
  if (isNull(root)) return { kind: 'list', items: [], at: root.at };
  const message = `the images have to be a list of maps with "name" and "dmap", not ${kindOf(root)}`;
  source.report({ rule: 'shape', message }, root.at);
  return undefined;
}
