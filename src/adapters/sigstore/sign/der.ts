// DER, as far as requests for certificates and timestamps need it. @see https://www.itu.int/rec/T-REC-X.690

/** Tags of X.690. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;

export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** The bytes after the element. */
  readonly rest: Buffer;
}

/** One element. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

/** A non-negative integer of big-endian bytes. */
export function derInteger(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Buffer.from([0]) : bytes.subarray(first);
  return (digits[0] ?? 0) > 127 ? der(TAG.integer, Buffer.from([0]), digits) : der(TAG.integer, digits);
}

/** The first element of some bytes, or undefined for other bytes. Lengths of more than four bytes are not read. */
export function readDer(bytes: Buffer): DerElement | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  const extra = first < 128 ? 0 : first - 128;
  if (first === 128 || extra > 4 || bytes.length < 2 + extra) return undefined;
  const start = 2 + extra;
  const end = start + (extra === 0 ? first : bytes.readUIntBE(2, extra));
  if (bytes.length < end) return undefined;
  return { tag, content: bytes.subarray(start, end), rest: bytes.subarray(end) };
}

function lengthOf(length: number): Buffer {
  if (length < 128) return Buffer.from([length]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  const digits = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.from([128 + digits.length]), digits]);
}
