import { CodedError, messageOf } from '../base/errors.ts';
import { type Stdio, writeTo } from './stdio.ts';

/** The data of a run could not be delivered. */
class OutputError extends CodedError<'unwritable'> {}

/** Characters that are written at a time. */
const BLOCK = 64 * 1024;

/**
 * Writes what comes, in blocks, waiting for the reader: who reads slowly slows down who writes. Ends early where the
 * reader has gone away (`| head`). Throws an `OutputError` for what cannot be written.
 */
export async function writePieces(
  out: Stdio['out'],
  pieces: AsyncIterable<string>,
): Promise<'taken' | 'gone'> {
  let block = '';
  for await (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK) continue;
    if ((await write(out, block)) === 'gone') return 'gone';
    block = '';
  }
  return write(out, block);
}

async function write(out: Stdio['out'], block: string): Promise<'taken' | 'gone'> {
  return writeTo(out, block).catch((cause: unknown) => {
    throw new OutputError('unwritable', `cannot write to stdout: ${messageOf(cause)}`, { cause });
  });
}
