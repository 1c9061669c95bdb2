import { quote } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import type { ImageName } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { checkDigest, checkImageName, checkTag, type Fault } from '../rules.ts';
import type { SourceFile } from '../source-file.ts';

/** One digest of a snapshot under one tag, or under none. */
export interface SnapshotEntry {
  readonly name: ImageName;
  readonly digest: Digest;
  readonly tag: Tag | undefined;
  /** Offset in the file, in UTF-16 code units. */
  readonly at: number;
}

/** True for a text that begins with `name@digest,`. */
export function isCsvSnapshot(text: string): boolean {
  return /^\s*[^\s@,:]+@[^\s@,]+,/.test(text);
}

/** Parses the lines `name@digest,name:tag` or `name@digest,-`. Malformed lines become problems. */
export function parseCsvSnapshot(source: SourceFile): SnapshotEntry[] {
  const entries: SnapshotEntry[] = [];
  for (const { 0: line, index } of source.text.matchAll(/[^\r\n]+/g)) {
    if (line.trim() === '') continue;
    const entry = parseLine(line.trim());
    if ('fault' in entry) source.report(entry.fault, index);
    else entries.push({ ...entry, at: index });
  }
  return entries;
}

function parseLine(line: string): Omit<SnapshotEntry, 'at'> | { readonly fault: Fault } {
  const match = /^([^@,]*)@([^@,]*),(?:-|([^,:]*):([^,:]*))$/.exec(line);
  const [, imageName = '', digestText = '', again, tagText] = match ?? [];
  if (match === null || (again !== undefined && again !== imageName)) return { fault: malformed(line) };
  const name = checkImageName(imageName);
  if ('fault' in name) return name;
  const digest = checkDigest(digestText);
  if ('fault' in digest) return digest;
  if (tagText === undefined) return { name: name.value, digest: digest.value, tag: undefined };
  const tag = checkTag(tagText);
  return 'fault' in tag ? tag : { name: name.value, digest: digest.value, tag: tag.value };
}

function malformed(line: string): Fault {
  return {
    rule: 'shape',
    message: `invalid line ${quote(line)}: expected name@digest,name:tag or name@digest,-`,
  };
}
