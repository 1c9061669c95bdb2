import { Refusal } from '../errors.ts';

/** Bytes from `start` to `end`, without the byte at `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The single range of a Range header; undefined if all bytes are to be sent: no header, another unit, several ranges.
 * Throws `RANGE_INVALID` for a range that begins after the content.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-range
 */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || match[0] === 'bytes=-') return undefined;
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start < size && start < end) return { start, end };
  throw new Refusal('RANGE_INVALID', `range is not within ${size} bytes`, {
    headers: { 'Content-Range': `bytes */${size}` },
  });
}

/** `0-N` for the Range header of uploads: N is the last byte, or 0 if there is none. */
export function formatUploadRange(size: number): string {
  return `0-${Math.max(0, size - 1)}`;
}

/**
 * Throws `RANGE_INVALID` unless a chunk with this Content-Range continues an upload of `size` bytes. Streamed uploads
 * have no Content-Range.
 */
export function requireNextChunk(
  header: string | undefined,
  upload: { size: number; location: string },
): void {
  if (header === undefined) return;
  const match = /^(\d+)-(\d+)$/.exec(header);
  if (match !== null && Number(match[1]) === upload.size) return;
  throw new Refusal('RANGE_INVALID', `chunk has to begin at byte ${upload.size}`, {
    headers: { Location: upload.location, Range: formatUploadRange(upload.size) },
  });
}
