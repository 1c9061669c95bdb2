/** The text of a file. If it is not UTF-8, the readable part, and the place of the first fault. */
export type Decoded =
  | { readonly text: string }
  | { readonly shown: string; readonly offset: number; readonly reason: string };

/** Decodes UTF-8, without a byte order mark at the start. */
export function decodeText(bytes: Uint8Array): Decoded {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return whereNotUtf8(bytes);
  }
}

function whereNotUtf8(bytes: Uint8Array): Decoded {
  const shown = new TextDecoder().decode(bytes);
  if (startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff])) {
    return { shown, offset: 0, reason: 'not UTF-8 but UTF-16: save the file as UTF-8' };
  }
  const again = Buffer.from(shown);
  const mark = startsWith(bytes, [0xef, 0xbb, 0xbf]) ? 3 : 0;
  let valid = 0;
  while (again[valid] === bytes[mark + valid]) valid++;
  const offset = new TextDecoder().decode(bytes.subarray(0, mark + valid), { stream: true }).length;
  const byte = bytes[mark + valid]?.toString(16).padStart(2, '0') ?? '';
  return { shown, offset, reason: `not UTF-8: unexpected byte 0x${byte}: save the file as UTF-8` };
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}
