import { gzipSync } from 'node:zlib';

const BLOCK = 512;
/** Two empty blocks end an archive. */
const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK);
const GZIP_SYSTEM_BYTE = 9;
const GZIP_UNKNOWN_SYSTEM = 255;

/** A ustar archive of one file that belongs to root and is as old as the epoch. The name has at most 100 bytes. */
export function tarOfOneFile(name: string, content: Uint8Array): Buffer {
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header(name, content.length), content, padding, END_OF_ARCHIVE]);
}

/**
 * The same gzip bytes on every machine and with every zlib: no time, no system, and stored blocks, which leave the
 * compressor nothing to choose.
 */
export function gzipStored(bytes: Uint8Array): Buffer {
  const zipped = gzipSync(bytes, { level: 0 });
  zipped[GZIP_SYSTEM_BYTE] = GZIP_UNKNOWN_SYSTEM;
  return zipped;
}

/** @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html "ustar Interchange Format" */
function header(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`too long a name for a ustar header: ${name}`);
  const block = Buffer.alloc(BLOCK);
  block.write(name, 0);
  block.write('0000644\0', 100); // mode
  block.write('0000000\0', 108); // user
  block.write('0000000\0', 116); // group
  block.write(`${octal(size)}\0`, 124);
  block.write(`${octal(0)}\0`, 136); // time of change
  block.write(' '.repeat(8), 148); // the checksum is made as if it were blanks
  block.write('0', 156); // a plain file
  block.write('ustar\0', 257);
  block.write('00', 263);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function octal(value: number): string {
  return value.toString(8).padStart(11, '0');
}
