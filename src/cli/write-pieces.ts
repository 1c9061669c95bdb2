import { type Stdio, writeTo } from './stdio.ts';

/** Characters that are written at a time. */
const BLOCK = 64 * 1024;

/**
 * Writes what comes, in blocks, waiting for the reader: who reads slowly slows down who writes. Ends early where the
 * reader has gone away (`| head`). Throws as `writeTo` does.
 */
export async function writePieces(
  out: Stdio['out'],
  pieces: AsyncIterable<string>,
): Promise<'taken' | 'gone'> {
  let block = '';
  for await (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK) continue;
    if ((await writeTo(out, block)) === 'gone') return 'gone';
    block = '';
  }
  return writeTo(out, block);
}
