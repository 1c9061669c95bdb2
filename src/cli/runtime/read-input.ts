import { assertNever } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { decodeText } from '../../manifest/layout/decode.ts';
import { readBounded } from '../../manifest/layout/disk.ts';
import { InputError } from '../flags/usage-error.ts';

export interface InputFile {
  /** `the test results`, for messages. */
  readonly noun: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** The text of a file that a flag names. Throws an `InputError`. */
export async function readInput(file: string, { noun, maxBytes, signal }: InputFile): Promise<string> {
  const bytes = await readBounded(file, { maxBytes, links: 'follow', signal });
  switch (bytes.kind) {
    case 'ok': {
      const decoded = decodeText(bytes.value);
      if ('text' in decoded) return decoded.text;
      throw unusableInput(file, noun, decoded.reason);
    }
    case 'too-large':
      throw unusableInput(file, noun, `it has more than ${maxBytes / 1024 / 1024} MiB: split it`);
    case 'unreadable':
      throw unusableInput(file, noun, bytes.reason);
    case 'missing':
    case 'not-a-directory':
      throw unusableInput(file, noun, 'no such file');
    default:
      return assertNever(bytes);
  }
}

export function unusableInput(file: string, noun: string, reason: string): InputError {
  return new InputError(`cannot use ${noun} ${quote(file)}: ${reason}`);
}
