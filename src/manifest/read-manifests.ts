import { forEachConcurrently } from '../base/concurrency.ts';
import { assertNever } from '../base/errors.ts';
import { sortedBy } from '../base/sorted.ts';
import { quote } from '../base/text.ts';
import type { RegistryName } from '../image/repository.ts';
import { readLayout } from './layout/layout.ts';
import { LayoutError, type LayoutIssue } from './layout/layout-error.ts';
import { readSource } from './layout/read-source.ts';
import { limitEdges } from './limit-edges.ts';
import type { Problem, ReadManifests } from './model.ts';
import { type ParsedProject, parsePlain, parseThin } from './parse-manifest.ts';
import { checkExpressions } from './policy/check-expressions.ts';
import { guardSources, hasPolicy } from './policy/guard-sources.ts';
import { sortProblems } from './problem.ts';
import { SourceFile } from './source-file.ts';
import { contentAt } from './yaml/parse-yaml.ts';

export type ManifestLocation =
  | { readonly kind: 'plain'; readonly file: string }
  | { readonly kind: 'thin'; readonly directory: string };

export interface ReadOptions {
  /** Reads the images of thin manifests that name this registry; others have none. Default: those of all. */
  readonly imagesFrom?: RegistryName;
}

const CONCURRENT_PROJECTS = 16;

/**
 * Reads a manifest file or directory. A bad entry is a problem of the result, and the rest is read. A file that is not
 * YAML is a problem of the rule `yaml`, and its project is left out.
 *
 * Throws a LayoutError for a missing or unreadable file, an empty plain manifest or a broken directory layout, and the
 * reason of an aborted signal.
 */
export async function readManifests(
  location: ManifestLocation,
  signal: AbortSignal,
  { imagesFrom }: ReadOptions = {},
): Promise<ReadManifests> {
  switch (location.kind) {
    case 'plain':
      return await readPlainFile(location.file, signal);
    case 'thin':
      return await readThinDirectory(location.directory, signal, imagesFrom);
    default:
      return assertNever(location);
  }
}

async function readPlainFile(file: string, signal: AbortSignal): Promise<ReadManifests> {
  const source = await readSource({ file, path: file }, signal);
  if (!(source instanceof SourceFile)) throw new LayoutError('file-unusable', [source]);
  if (source.problems.length === 0 && contentAt(source.text) === undefined) {
    const message = `manifest file ${quote(file)} is empty: expected "registries" and "images"`;
    throw new LayoutError('file-unusable', [{ path: file, message }]);
  }
  const project = await checkExpressions(parsePlain(source), source);
  return together([project], source.problems);
}

async function readThinDirectory(
  directory: string,
  signal: AbortSignal,
  imagesFrom: RegistryName | undefined,
): Promise<ReadManifests> {
  const { projects, warnings } = await readLayout(directory, signal);
  const unusable: LayoutIssue[] = [];
  const parsed: ParsedProject[] = [];
  const problems: (readonly Problem[])[] = [warnings];
  await forEachConcurrently(projects, { workers: CONCURRENT_PROJECTS, signal }, async (project) => {
    const manifest = await readSource({ ...project.manifest, links: 'refuse' }, signal);
    const isNamed = !(manifest instanceof SourceFile) || manifest.text.includes(imagesFrom ?? '');
    const images = isNamed
      ? await readSource({ ...project.images, links: 'refuse' }, signal)
      : new SourceFile(project.images.file, '');
    for (const source of [manifest, images]) if (!(source instanceof SourceFile)) unusable.push(source);
    if (!(manifest instanceof SourceFile && images instanceof SourceFile)) return;
    parsed.push(await checkExpressions(parseThin(manifest, images), manifest));
    problems.push(manifest.problems, images.problems);
  });
  if (unusable.length > 0)
    throw new LayoutError(
      'file-unusable',
      sortedBy(unusable, ({ path }) => path),
    );
  return together(parsed, problems.flat());
}

function together(projects: readonly ParsedProject[], problems: readonly Problem[]): ReadManifests {
  const usable = projects.flatMap(({ manifest }) => manifest ?? []);
  const limited = limitEdges(usable);
  const leftOut = usable.filter((one) => hasPolicy(one) && !limited.manifests.includes(one));
  const unguarded = projects.flatMap((project) => project.unguarded ?? []);
  const guarded = guardSources(limited.manifests, [...unguarded, ...leftOut.map(({ source }) => source)]);
  const sum = (count: 'projects' | 'images' | 'digests') =>
    projects.reduce((total, { counts }) => total + counts[count], 0);
  return {
    manifests: sortedBy(guarded.manifests, ({ file }) => file),
    problems: sortProblems([...problems, ...guarded.problems, ...limited.problems]),
    counts: {
      projects: sum('projects'),
      images: sum('images'),
      digests: sum('digests'),
      destinations: new Set(
        guarded.manifests.flatMap(({ destinations }) => destinations.map(({ name }) => name)),
      ).size,
    },
  };
}
