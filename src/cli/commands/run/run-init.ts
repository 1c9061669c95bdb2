import { join } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import { parseRegistryName } from '../../../image/repository.ts';
import type { SnapshotImage } from '../../../image/snapshot-image.ts';
import {
  checkNewProject,
  type NewProject,
  renderPromoterManifest,
  SCHEMA_DIRECTORY,
  schemaFiles,
  schemaLine,
  withTags,
} from '../../../workflows/init/new-project.ts';
import { renderSnapshot } from '../../../workflows/snapshot/render.ts';
import { type Browser, browse } from '../../browse/browse.ts';
import { BrowseWarnings } from '../../browse/browse-warnings.ts';
import { clientFor, openRegistryImages } from '../../browse/open-images.ts';
import type { RunOptions } from '../../flags/options/run-options.ts';
import { InputError, UsageError } from '../../flags/usage-error.ts';
import { exists, makeDirectories } from '../../output/new-files.ts';
import { tell } from '../../output/stdio.ts';
import { askProject, type GivenProject, projectOfFlags } from './ask-project.ts';
import type { ProcessContext } from '../command.ts';

/** A request for a new project. Missing parts are asked for on a terminal. */
export interface InitOptions extends RunOptions, GivenProject {
  readonly directory: string;
  /** Globs; none keeps every tag. */
  readonly tags: readonly string[];
}

/** Writes the thin manifests of a new project, from the options to the exit code. */
export async function runInit(options: InitOptions, context: ProcessContext): Promise<number> {
  const exitCode = await browse(options, context, async (browser) => {
    const { log, signal } = browser;
    const { directory } = options;
    const isAsked = Boolean(process.stdin.isTTY && context.stdio.err.isTTY);
    const terminal = { input: process.stdin, output: process.stderr, signal };
    const project = isAsked ? await askProject(options, terminal) : projectOfFlags(options);
    const [fault] = checkNewProject(project);
    if (fault !== undefined) throw new UsageError(fault);
    await refuseExisting(directory, project);
    const images = await readImages(project, { options, browser });
    if (images === undefined) {
      log.write('error', 'nothing was written');
      return 1;
    }
    signal.throwIfAborted();
    await write(directory, { project, images });
    log.write('info', `${directory}: wrote the project ${project.project}`);
    return 0;
  });
  const next = `next: cip -thin-manifest-dir=${options.directory} shows what a promotion would do`;
  if (exitCode === 0 && options.log.format === 'text') await tell(context.stdio.err, `${next}\n`);
  return exitCode;
}

async function refuseExisting(directory: string, { project }: NewProject): Promise<void> {
  for (const top of ['manifests', 'images']) {
    const path = join(directory, top, project);
    if (await exists(path))
      throw new InputError(`${path} exists: nothing is overwritten, choose another -project`);
  }
}

/** The list of images as text; undefined where it would not be whole. */
async function readImages(
  { source }: NewProject,
  { options, browser }: { readonly options: InitOptions; readonly browser: Browser },
): Promise<string | undefined> {
  const registry = parseRegistryName(source);
  if (registry === undefined) return undefined;
  const notices = new BrowseWarnings(browser.log, { absence: 'error' });
  const reading = {
    ...options,
    tag: undefined,
    minimal: 'children',
    repositoriesFile: undefined,
    account: undefined,
  } as const;
  const open = clientFor([registry], [], { options: reading, browser });
  const opening = { options: reading, browser, open, notice: notices.take };
  const found = await openRegistryImages({ registry, manifests: [], naming: 'from-root' }, opening);
  let text = '';
  for await (const piece of renderSnapshot(withTags(below(source, found), options.tags), { format: 'yaml' }))
    text += piece;
  if (notices.incomplete) return undefined;
  if (text !== '' || options.tags.length === 0) return text;
  browser.log.write('error', `no image of ${source} has a tag that matches -tag=${options.tags.join(', ')}`);
  return undefined;
}

/** An image at the root of its registry has no name below it. */
async function* below(source: string, images: AsyncIterable<SnapshotImage>): AsyncGenerator<SnapshotImage> {
  for await (const image of images) {
    if (image.name === '.')
      throw new InputError(`${source} is an image itself: give the path above it as -source`);
    yield image;
  }
}

/** The manifest comes last: without it, nothing of a project is promoted. */
async function write(
  directory: string,
  { project, images }: { readonly project: NewProject; readonly images: string },
): Promise<void> {
  const hasSchemas = await exists(join(directory, SCHEMA_DIRECTORY));
  const { project: name } = project;
  const directories = [
    ...(hasSchemas ? [] : [{ path: SCHEMA_DIRECTORY, files: schemaFiles() }]),
    { path: join('images', name), files: { 'images.yaml': schemaLine('images') + images } },
    { path: join('manifests', name), files: { 'promoter-manifest.yaml': renderPromoterManifest(project) } },
  ];
  await makeDirectories(directory, directories).catch((error: unknown) => {
    throw new InputError(`cannot write to ${directory}: ${messageOf(error)}`);
  });
}
