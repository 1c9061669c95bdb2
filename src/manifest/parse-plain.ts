import type { ManifestCounts, PromoterManifest } from './model.ts';
import { countDigests, parseImages } from './parse-images.ts';
import { parseProvenance } from './parse-provenance.ts';
import { parseRegistries } from './parse-registries.ts';
import { asMap, PlainShape, parseShape } from './shape.ts';
import type { SourceFile } from './source-file.ts';
import { parseYaml } from './yaml/parse-yaml.ts';
import { isNull } from './yaml/yaml-tree.ts';

/** What one promoter manifest came to; what is wrong with it was reported to its files. */
export interface ParsedProject {
  /** Undefined where it cannot be used as a whole. */
  readonly manifest: PromoterManifest | undefined;
  readonly counts: ManifestCounts;
}

/** A plain manifest: one map with the registries and the images. */
export function parsePlain(source: SourceFile): ParsedProject {
  const root = parseYaml(source);
  const nothing = { manifest: undefined, counts: { projects: 1, images: 0, digests: 0 } };
  if (root === undefined) return nothing;
  const map = isNull(root)
    ? { kind: 'map' as const, entries: [], at: root.at }
    : asMap(root, 'a manifest', source);
  if (map === undefined) return nothing;
  const { fields, intact, broken } = parseShape(PlainShape, map, { owner: 'a manifest', source });
  const list = fields.images ?? { kind: 'list' as const, items: [], at: map.at };
  const images = parseImages(list, source);
  const registries = broken.has('registries')
    ? undefined
    : parseRegistries(fields.registries, map.at, source);
  const policy = parseProvenance(fields.provenance, map, source);
  const usable = intact && registries !== undefined && policy !== undefined;
  return {
    manifest: usable ? { file: source.file, ...registries, images, ...policy } : undefined,
    counts: { projects: 1, images: list.items.length, digests: countDigests(list) },
  };
}
