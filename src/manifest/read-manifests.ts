import { forEachConcurrently } from '../base/concurrency.ts';
import { assertNever } from '../base/errors.ts';
import { sortedBy } from '../base/sorted.ts';
import { quote } from '../base/text.ts';
import { readLayout } from './layout/layout.ts';
import { LayoutError, type LayoutIssue } from './layout/layout-error.ts';
import { readSource } from './layout/read-source.ts';
import { limitEdges } from './limit-edges.ts';
import type { ManifestCounts, Problem, ReadManifests } from './model.ts';
import { type ParsedProject, parsePlain } from './parse-plain.ts';
import { parseThin } from './parse-thin.ts';
import { sortProblems } from './problem.ts';
import { SourceFile } from './source-file.ts';
import { contentAt } from './yaml/parse-yaml.ts';

export type ManifestLocation =
  | { readonly kind: 'plain'; readonly file: string }
  | { readonly kind: 'thin'; readonly directory: string };

const CONCURRENT_PROJECTS = 16;

/**
 * Reads what a location asks for. What is wrong inside of a file is a problem, and the rest goes on; a file that is not
 * YAML is a problem of the rule `yaml` and takes its project with it.
 *
 * Throws a LayoutError where a file is missing or unreadable, a plain manifest is empty or the directory is not laid out as it has to be, and the
 * signal's reason when that aborts.
 */
export async function readManifests(location: ManifestLocation, signal: AbortSignal): Promise<ReadManifests> {
  switch (location.kind) {
    case 'plain':
      return await readPlainFile(location.file, signal);
    case 'thin':
      return await readThinDirectory(location.directory, signal);
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
  return together([parsePlain(source)], source.problems);
}

async function readThinDirectory(directory: string, signal: AbortSignal): Promise<ReadManifests> {
  const { projects, warnings } = await readLayout(directory, signal);
  const unusable: LayoutIssue[] = [];
  const parsed: ParsedProject[] = [];
  const problems: (readonly Problem[])[] = [warnings];
  await forEachConcurrently(projects, { workers: CONCURRENT_PROJECTS, signal }, async (project) => {
    const manifest = await readSource({ ...project.manifest, links: 'refuse' }, signal);
    const images = await readSource({ ...project.images, links: 'refuse' }, signal);
    for (const source of [manifest, images]) if (!(source instanceof SourceFile)) unusable.push(source);
    if (!(manifest instanceof SourceFile && images instanceof SourceFile)) return;
    parsed.push(parseThin(manifest, images));
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
  const limited = limitEdges(
    projects.map(({ manifest }) => manifest).filter((manifest) => manifest !== undefined),
  );
  const sum = (count: keyof ManifestCounts) =>
    projects.reduce((total, { counts }) => total + counts[count], 0);
  return {
    manifests: sortedBy(limited.manifests, ({ file }) => file),
    problems: sortProblems([...problems, ...limited.problems]),
    counts: { projects: sum('projects'), images: sum('images'), digests: sum('digests') },
  };
}
