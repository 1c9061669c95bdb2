import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeFrame } from '../../manifest/code-frame.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';

/** Maximum bytes of a file with code frames. */
const MAX_FILE = 4 * 1024 * 1024;

/** The code frame of `file:line:column`. Undefined if the file is too large, cannot be read, or is not a regular file. */
export function manifestFrames(where: ManifestLocation): (at: string) => string | undefined {
  const directory = where.kind === 'thin' ? where.directory : '';
  const files = new Map<string, readonly string[] | undefined>();
  return (at) => {
    const [, file, line, column] = /^(.+):(\d+):(\d+)$/.exec(at) ?? [];
    if (file === undefined) return undefined;
    if (!files.has(file)) files.set(file, readLines(join(directory, file)));
    const lines = files.get(file);
    const position = { file, line: Number(line), column: Number(column) };
    return lines === undefined ? undefined : codeFrame((number) => lines[number - 1], position) || undefined;
  };
}

function readLines(path: string): readonly string[] | undefined {
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size <= MAX_FILE ? readFileSync(path, 'utf8').split(/\r?\n/) : undefined;
  } catch {
    return undefined; // a report needs no code frame
  }
}
