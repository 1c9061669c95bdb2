import { assertNever } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { SourceFile } from '../source-file.ts';
import { decodeText } from './decode.ts';
import { readBounded } from './disk.ts';
import type { LayoutIssue } from './layout-error.ts';

/** Far beyond any real list (the largest has 1 MiB): 700,000 digests, which take 7 s of CPU time and 0.9 GB. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

export interface SourceLocation {
  /** The name of the file in problems. */
  readonly file: string;
  readonly path: string;
  /** The kind of file, in messages. Unset: `manifest file`. */
  readonly noun?: string;
  /** Unset: `follow`. */
  readonly links?: 'follow' | 'refuse';
  readonly maxBytes?: number;
}

export async function readSource(
  { file, path, noun = 'manifest file', links = 'follow', maxBytes = MAX_FILE_BYTES }: SourceLocation,
  signal: AbortSignal,
): Promise<SourceFile | LayoutIssue> {
  const bytes = await readBounded(path, { maxBytes, links, signal });
  switch (bytes.kind) {
    case 'ok':
      return sourceOf(file, bytes.value);
    case 'too-large': {
      const source = new SourceFile(file, '');
      source.report({ rule: 'file-size', message: `the file has more than ${maxBytes} bytes: split it` }, 0);
      return source;
    }
    case 'missing':
      return {
        path: file,
        message: `reading ${noun} ${quote(file)}: no such file or directory: check the path`,
      };
    case 'not-a-directory':
      return {
        path: file,
        message: `reading ${noun} ${quote(file)}: a part of this path is not a directory`,
      };
    case 'unreadable':
      return { path: file, message: `reading ${noun} ${quote(file)}: ${bytes.reason}` };
    default:
      return assertNever(bytes);
  }
}

/** A file of these bytes; a problem of it, if they are not UTF-8. */
export function sourceOf(file: string, bytes: Uint8Array): SourceFile {
  const decoded = decodeText(bytes);
  if ('text' in decoded) return new SourceFile(file, decoded.text);
  const source = new SourceFile(file, decoded.shown);
  source.report({ rule: 'yaml', message: decoded.reason }, decoded.offset);
  return source;
}
