import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Updater } from 'tuf-js';
import { CodedError, InputFault, messageOf } from '../../../base/errors.ts';
import { quote } from '../../../base/text.ts';
import type { Log } from '../../../ports/log.ts';
import { TufFetcher } from './tuf-fetcher.ts';

export class TufError extends CodedError<'tuf-failed'> {}

export class TufRootError extends InputFault<'tuf-root-missing'> {}

export interface TufRepository {
  readonly mirror: URL;
  /** The directory of the caches of all repositories, as cosign and the clients of Sigstore have it. */
  readonly cache: string;
  /** The root metadata that updates begin with, whatever the cache has. */
  readonly initialRoot: Uint8Array | undefined;
  /** The same, where the cache has none. */
  readonly shippedRoot: Uint8Array | undefined;
  readonly fetch: typeof fetch;
  readonly log: Log;
}

const TARGET = 'trusted_root.json';
const CACHED = ['root.json', 'timestamp.json', 'snapshot.json', 'targets.json', `targets/${TARGET}`];

/**
 * The trusted root (JSON) of a TUF repository, updated from its mirror. A mirror that does not answer leaves the cached
 * one in use, with a warning, until its metadata expires. Throws a `TufError`, or a `TufRootError`.
 *
 * @see https://theupdateframework.github.io/specification/latest/
 */
export async function readTrustedRootOf(repository: TufRepository, signal: AbortSignal): Promise<Uint8Array> {
  const { mirror, log } = repository;
  const online = await attempt(repository, { isCached: false }, signal);
  if (online.kind === 'read') return online.bytes;
  signal.throwIfAborted();
  const message = `-tuf-mirror=${quote(mirror.href)}: ${messageOf(online.failure ?? online.error)}`;
  if (online.failure !== undefined) {
    const cached = await attempt(repository, { isCached: true }, signal);
    if (cached.kind === 'read') {
      log.write('warning', 'TUF mirror unreachable, using its cached trusted root', { reason: message });
      return cached.bytes;
    }
  }
  const advice = 'give a trusted root with -trusted-root=FILE to work without the mirror';
  throw new TufError('tuf-failed', `${message}: ${advice}`, { cause: online.error });
}

type Attempt =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  /** `failure` is set where the mirror did not answer. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly failure: unknown };

/** Works on a copy of the cache, so that processes at the same time never see a half of an update. */
async function attempt(
  repository: TufRepository,
  { isCached }: { readonly isCached: boolean },
  signal: AbortSignal,
): Promise<Attempt> {
  const directory = await mkdtemp(join(tmpdir(), 'cip-tuf-'));
  const offline = () => Promise.reject(new Error('offline'));
  const fetcher = new TufFetcher(isCached ? offline : repository.fetch, directory, signal);
  try {
    await copyCache(repository, directory);
    const bytes = await readTarget(directory, { repository, fetcher, forceCache: isCached });
    if (!isCached) await saveCache(repository, directory);
    return { kind: 'read', bytes };
  } catch (error) {
    if (error instanceof TufRootError) throw error;
    return { kind: 'failed', error, failure: fetcher.failure };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readTarget(
  directory: string,
  {
    repository: { mirror },
    fetcher,
    forceCache,
  }: { repository: TufRepository; fetcher: TufFetcher; forceCache: boolean },
): Promise<Uint8Array> {
  const metadataBaseUrl = mirror.href.replace(/\/$/, '');
  const updater = new Updater({
    metadataBaseUrl,
    targetBaseUrl: `${metadataBaseUrl}/targets`,
    metadataDir: directory,
    targetDir: join(directory, 'targets'),
    fetcher,
    forceCache,
  });
  await updater.refresh();
  const target = await updater.getTargetInfo(TARGET);
  if (target === undefined) throw new Error(`the repository has no ${TARGET}`);
  return await readFile((await updater.findCachedTarget(target)) ?? (await updater.downloadTarget(target)));
}

async function copyCache(repository: TufRepository, directory: string): Promise<void> {
  const { initialRoot, shippedRoot } = repository;
  await mkdir(join(directory, 'targets'));
  const cache = cacheOf(repository);
  await Promise.all(CACHED.map((file) => copyFile(join(cache, file), join(directory, file)).catch(() => {})));
  const root = join(directory, 'root.json');
  const hasRoot = await readFile(root).then(
    () => true,
    () => false,
  );
  const first = initialRoot ?? (hasRoot ? undefined : shippedRoot);
  if (first !== undefined) await writeFile(root, first);
  else if (!hasRoot) {
    const message = `-tuf-mirror=${quote(repository.mirror.href)} needs initial root metadata: give it with -tuf-root=FILE`;
    throw new TufRootError('tuf-root-missing', message);
  }
}

/** A cache that cannot be written costs a few requests in the next run. */
async function saveCache(repository: TufRepository, directory: string): Promise<void> {
  const cache = cacheOf(repository);
  try {
    await mkdir(join(cache, 'targets'), { recursive: true });
    for (const file of CACHED) {
      const draft = join(cache, `${file}.${process.pid}`);
      await copyFile(join(directory, file), draft);
      await rename(draft, join(cache, file));
    }
  } catch (error) {
    repository.log.write('warning', 'TUF cache not written', { directory: cache, reason: messageOf(error) });
  }
}

function cacheOf({ cache, mirror }: TufRepository): string {
  return join(cache, encodeURIComponent(mirror.host + mirror.pathname.replace(/\/$/, '')));
}
