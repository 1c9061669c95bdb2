import type { SourceFile } from '../source-file.ts';
import { parseYaml } from './parse-yaml.ts';
import type { YamlNode } from './yaml-tree.ts';

/** Lengths in characters. */
interface Division {
  /** Longer lists are divided. */
  readonly whole: number;
  /** Of a part, at least. */
  readonly part: number;
}

/**
 * Twice the length of the longest real list. Parsing takes ten times as much memory as the text, until its tree is read:
 * a list of 31 MB takes 720 MB as a whole, and 380 MB in parts.
 */
const DIVISION: Division = { whole: 2 ** 21, part: 2 ** 16 };

/**
 * Parses a file that is a list, a long one in parts, so that there is never a tree of the whole. `read` is called for
 * the root of each part, and reports to the part. Its values are in the order of the file; there is none for a file that
 * is not YAML, and one for the root of a file that cannot be divided.
 */
export function parseList<T>(
  source: SourceFile,
  read: (root: YamlNode, part: SourceFile) => T,
  division = DIVISION,
): readonly T[] {
  const values = parseParts(source, read, division);
  if (values !== undefined) return values;
  const root = parseYaml(source);
  return root === undefined ? [] : [read(root, source)];
}

/**
 * Undefined for a file that has to be parsed as a whole: one with anchors, whose uses are counted over the whole, with
 * markers of documents, or with a part that is no list.
 */
function parseParts<T>(
  source: SourceFile,
  read: (root: YamlNode, part: SourceFile) => T,
  { whole, part: partLength }: Division,
): readonly T[] | undefined {
  if (source.text.length <= whole || source.problems.length > 0) return undefined;
  if (/^(?:---|\.\.\.)|&/m.test(source.text)) return undefined;
  const values: T[] = [];
  const faulty: SourceFile[] = [];
  for (const part of divide(source, partLength)) {
    const root = parseYaml(part);
    if (root === undefined || !isBlockList(root, part)) return undefined;
    values.push(read(root, part));
    if (part.problems.length > 0) faulty.push(part);
  }
  for (const part of faulty) source.adopt(part);
  return values;
}

/** Parts of whole lines. Each but the first begins with an item of a list without indentation. */
function* divide(source: SourceFile, partLength: number): Iterable<SourceFile> {
  for (let start = 0; start < source.text.length; ) {
    const lineBreak = source.text.indexOf('\n- ', start + partLength - 1);
    const end = lineBreak === -1 ? source.text.length : lineBreak + 1;
    yield source.part(start, end);
    start = end;
  }
}

/** True for a list with dashes and without indentation. The items of such parts are those of one list. */
function isBlockList({ kind, at }: YamlNode, { text }: SourceFile): boolean {
  return kind === 'list' && text[at] === '-' && (at === 0 || text[at - 1] === '\n');
}
