import { type Stdio, writeTo } from './stdio.ts';

/** Characters per write. */
const BLOCK = 64 * 1024;

/**
 * Writes pieces in blocks, at the pace of the reader. A piece does not wait for a later one, and is written even if a
 * later one fails. Ends early if the reader is gone (`| head`). Throws an `OutputError` for a failed write.
 */
export async function streamOutput(
  out: Stdio['out'],
  pieces: AsyncIterable<string>,
): Promise<'taken' | 'gone'> {
  const iterator = pieces[Symbol.asyncIterator]();
  let block = '';
  try {
    for (;;) {
      const next = iterator.next();
      next.catch(() => {}); // it is awaited below
      if (block !== '' && (block.length >= BLOCK || (await isLate(next)))) {
        const written = block;
        block = '';
        if ((await writeTo(out, written)) === 'gone') return 'gone';
      }
      const { done, value } = await next;
      if (done === true) break;
      block += value;
    }
    const rest = block;
    block = '';
    return await writeTo(out, rest);
  } finally {
    if (block !== '') await writeTo(out, block);
    await iterator.return?.();
  }
}

/** True unless the promise settles at once. */
async function isLate(next: Promise<unknown>): Promise<boolean> {
  const settled = next.then(
    () => false,
    () => false,
  );
  const idle = new Promise<boolean>((resolve) => {
    setImmediate(resolve, true);
  });
  return await Promise.race([settled, idle]);
}
