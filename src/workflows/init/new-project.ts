import { matchesGlob, quote } from '../../base/text.ts';
import type { SnapshotImage } from '../../image/snapshot-image.ts';
import { checkRegistryName } from '../../manifest/rules.ts';
import { renderSchema } from '../../manifest/schema/manifest-schemas.ts';

/** A project that is to be made. */
export interface NewProject {
  readonly project: string;
  readonly source: string;
  readonly destinations: readonly string[];
}

/** A directory of the layout; the name of a project is one. */
const PROJECT = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The fault of a project name, in words; undefined for a valid one. */
export function checkProject(project: string): string | undefined {
  return PROJECT.test(project)
    ? undefined
    : `invalid project ${quote(project)}: expected letters, digits, "_", "." and "-"`;
}

/** The fault of a registry name, in words; undefined for a valid one. */
export function checkRegistry(registry: string): string | undefined {
  const verdict = checkRegistryName(registry);
  return 'fault' in verdict ? verdict.fault.message : undefined;
}

/** All faults of a project, in words. */
export function checkNewProject({ project, source, destinations }: NewProject): readonly string[] {
  const names = [source, ...destinations];
  const twice = destinations.find((name, index) => names.indexOf(name) <= index);
  return [
    checkProject(project),
    ...names.map(checkRegistry),
    twice === undefined ? undefined : `destination ${quote(twice)} is the source, or given twice`,
  ].filter((fault) => fault !== undefined);
}

/** The last name of a path, as the name of a project. */
export function projectFor(source: string): string {
  return source.slice(source.lastIndexOf('/') + 1).replace(/:\d+$/, '');
}

/** The text of `promoter-manifest.yaml`. */
export function renderPromoterManifest({ source, destinations }: NewProject): string {
  const others = destinations.map((name) => `- name: ${name}\n`).join('');
  return `${schemaLine('promoter-manifest')}registries:\n- name: ${source}\n  src: true\n${others}`;
}

/** The comment by which editors find the schema of a file. */
export function schemaLine(name: 'promoter-manifest' | 'images'): string {
  return `# yaml-language-server: $schema=../../${SCHEMA_DIRECTORY}/${name}.schema.json\n`;
}

/** Beside the projects, so that editors need no network and see the schema of this version. */
export const SCHEMA_DIRECTORY = '.schema';

/** The schemas of thin manifests, by file name. */
export function schemaFiles(): Readonly<Record<string, string>> {
  const names = ['promoter-manifest', 'images'] as const;
  return Object.fromEntries(names.map((name) => [`${name}.schema.json`, renderSchema(name)]));
}

/** The images with the tags that match one of some globs; digests without such a tag are left out. No glob keeps all. */
export async function* withTags(
  images: AsyncIterable<SnapshotImage>,
  globs: readonly string[],
): AsyncGenerator<SnapshotImage, void, undefined> {
  for await (const image of images) {
    if (globs.length === 0) {
      yield image;
      continue;
    }
    const digests = image.digests
      .map(({ digest, tags }) => ({
        digest,
        tags: tags.filter((tag) => globs.some((glob) => matchesGlob(glob, tag))),
      }))
      .filter(({ tags }) => tags.length > 0);
    if (digests.length > 0) yield { ...image, digests };
  }
}
