import { isAbort, messageOf } from '../base/errors.ts';
import { assertNever } from '../base/exhaustive.ts';
import { type DiffSide, findDifferences } from '../doors/diff/diff.ts';
import { DiffCounter } from '../doors/diff/diff-counter.ts';
import { DiffError } from '../doors/diff/diff-error.ts';
import { renderDiff } from '../doors/diff/render.ts';
import type { SnapshotImage } from '../image/snapshot-image.ts';
import { LayoutError } from '../manifest/layout-error.ts';
import type { ReadManifests } from '../manifest/model.ts';
import { renderProblem } from '../manifest/problem.ts';
import { readSnapshot } from '../manifest/read-snapshot.ts';
import { type Browser, browse } from './browse.ts';
import type { DiffOptions } from './diff-options.ts';
import { findSides, type Side } from './diff-side.ts';
import { Notices } from './notices.ts';
import { clientFor, openRegistryImages, openWantedImages } from './open-images.ts';
import { readWanted } from './read-wanted.ts';
import type { Stdio } from './stdio.ts';
import { InputError, UsageError } from './usage-error.ts';
import { writePieces } from './write-pieces.ts';

/** A comparison from its options to its exit code: 0 equal, 1 different, 2 where something could not be compared. */
export function runDiff(options: DiffOptions, stdio: Stdio, env: NodeJS.ProcessEnv): Promise<number> {
  return browse(options, { stdio, env }, async (browser) => {
    try {
      return await compare(options, { browser, stdio });
    } catch (error) {
      if (error instanceof UsageError || isAbort(error, browser.signal)) throw error;
      throw error instanceof DiffError
        ? error
        : new DiffError('not-compared', messageOf(error), { cause: error });
    }
  });
}

async function compare(
  options: DiffOptions,
  { browser, stdio }: { browser: Browser; stdio: Stdio },
): Promise<number> {
  const sides = await findSides(options.a, options.b);
  const [readA, readB] = [await readSide(sides[0], browser), await readSide(sides[1], browser)];
  const opener = openerFor(options, { browser, reads: [readA, readB] });
  const [a, b] = [await opener(readA), await opener(readB)];
  const counter = new DiffCounter();
  const titles = { a: a.title, b: b.title };
  const differences = counter.count(findDifferences(a, b));
  await writePieces(stdio.out, renderDiff(differences, { format: options.format, titles, counter }));
  const { 'only-in-a': onlyInA, 'only-in-b': onlyInB, tag: tags } = counter.counts;
  browser.log.write('info', counter.isEqual ? 'no differences' : 'different', { onlyInA, onlyInB, tags });
  if (a.gaps.incomplete || b.gaps.incomplete) return 2;
  return counter.isEqual ? 0 : 1;
}

/** A side, and what its files hold. */
interface ReadSide {
  readonly side: Side;
  readonly images: readonly SnapshotImage[];
  readonly read: ReadManifests | undefined;
}

async function readSide(side: Side, browser: Browser): Promise<ReadSide> {
  switch (side.kind) {
    case 'registry':
      return { side, images: [], read: undefined };
    case 'snapshot':
      return { side, images: await readImages(side.file, browser), read: undefined };
    case 'manifests': {
      const { log, signal: stopping } = browser;
      const read = await readWanted(side.where, { strict: true, log, stopping });
      stopping.throwIfAborted();
      return { side, images: [], read };
    }
    default:
      return assertNever(side);
  }
}

interface OpenSide extends DiffSide {
  readonly gaps: Notices;
}

/** One client serves both sides, so that they share what each host can bear; and what manifests say serves both. */
function openerFor(
  options: DiffOptions,
  { browser, reads }: { browser: Browser; reads: readonly ReadSide[] },
): (read: ReadSide) => Promise<OpenSide> {
  const manifests = reads.flatMap(({ read }) => read?.manifests ?? []);
  const registries = reads.flatMap(({ side }) => (side.kind === 'snapshot' ? [] : [side.registry]));
  const open = clientFor(registries, manifests, { options, browser });
  return async ({ side, images, read }) => {
    const gaps = new Notices(browser.log);
    const opening = { options, browser, open, notice: gaps.take };
    const { title } = side;
    if (read?.problems.some(({ severity }) => severity === 'error')) gaps.markIncomplete();
    switch (side.kind) {
      case 'registry':
        return { title, gaps, images: await openRegistryImages(side.registry, manifests, opening) };
      case 'snapshot':
        return { title, gaps, images: streamOf(images) };
      case 'manifests':
        return { title, gaps, images: openWantedImages(side.registry, read?.manifests ?? [], opening) };
      default:
        return assertNever(side);
    }
  };
}

async function readImages(file: string, { log, signal }: Browser): Promise<readonly SnapshotImage[]> {
  const { images, problems } = await readSnapshot(file, signal).catch((error: unknown) => {
    throw error instanceof LayoutError ? new InputError(error.message) : error;
  });
  for (const problem of problems) log.write(problem.severity, renderProblem(problem));
  if (problems.some(({ severity }) => severity === 'error')) {
    throw new InputError('a snapshot cannot be used: see above');
  }
  return images;
}

async function* streamOf<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}
