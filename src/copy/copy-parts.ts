import { settleWhile } from '../base/concurrency.ts';
import { messageOf, mostInformative } from '../base/errors.ts';
import type { Digest } from '../image/digest.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { CopyError } from './outcome.ts';

/** Concurrent copies of parts of one manifest: as many as its host takes concurrent requests. */
const WORKERS = 32;

/**
 * Copies the blobs and children of a manifest. Once one of them is missing no other is started: the image cannot be
 * copied. Throws `missing` then, with the number of parts that were not started; else the most telling error.
 */
export async function copyParts(owner: Digest, parts: readonly (() => Promise<unknown>)[]): Promise<void> {
  const missing: unknown[] = [];
  const tasks = parts.map((copy) => async () => {
    try {
      await copy();
    } catch (error) {
      if (isMissing(error)) missing.push(error);
      throw error;
    }
  });
  const { thrown, left } = await settleWhile(tasks, { workers: WORKERS, goOn: () => missing.length === 0 });
  if (thrown.length === 0) return;
  const [first = mostInformative(thrown)] = missing;
  if (left === 0) throw first;
  const message = `${messageOf(first)}; ${left} of ${parts.length} parts of ${owner} were not looked at`;
  throw new CopyError('missing', message, { cause: first });
}

/** A source without the blob answers 404. A destination that answers 404 takes none of the other parts either. */
function isMissing(error: unknown): boolean {
  if (error instanceof RegistryError) return error.status === 404;
  return error instanceof CopyError && error.code === 'missing';
}
