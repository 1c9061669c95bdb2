import { parseYaml } from '../yaml/parse-yaml.ts';
import { isNull, type YamlNode } from '../yaml/yaml-tree.ts';
import type { Position } from '../../base/position.ts';
import type { Problem } from '../model.ts';
import { SourceFile } from '../source-file.ts';
import { placeComments } from './place-comments.ts';
import { type Obstacle, readEntries } from './read-entries.ts';
import { renderEntries } from './render-entries.ts';

/** The result of formatting a file. */
export type Formatted =
  /** The canonical form. Equal to the source if that is canonical. */
  | { readonly kind: 'formatted'; readonly text: string }
  /** Valid YAML with syntax that has no canonical form. The file is not formatted. */
  | { readonly kind: 'kept'; readonly at: Position; readonly reason: string }
  /** Not YAML. At least one problem. */
  | { readonly kind: 'unparsable'; readonly problems: readonly Problem[] };

/**
 * The canonical form of a list of images, a promoter manifest or a plain manifest: digests and tags in double quotes, the
 * tags of a digest on one line, images, digests and tags sorted. All comments and entries are kept, duplicates too.
 */
export function formatManifest(source: SourceFile): Formatted {
  const root = parseYaml(source);
  if (root === undefined) return { kind: 'unparsable', problems: source.problems };
  const { text } = source;
  const lines = render(text, root);
  if ('reason' in lines) return { kind: 'kept', at: source.positionOf(lines.at), reason: lines.reason };
  const lineBreak = /\r?\n/.exec(text)?.[0] ?? '\n';
  const formatted = lines.map((line) => line.replace(/\r?\n/g, lineBreak) + lineBreak).join('');
  const after = parseYaml(new SourceFile(source.file, formatted));
  if (after === undefined || contentOf(after) !== contentOf(root)) {
    return { kind: 'kept', at: source.positionOf(root.at), reason: 'its layout is not supported' };
  }
  return { kind: 'formatted', text: formatted };
}

/** True for a text that formatting does not change. */
export function isCanonical(text: string): boolean {
  const formatted = formatManifest(new SourceFile('', text));
  return formatted.kind !== 'formatted' || formatted.text === text;
}

function render(text: string, root: YamlNode): readonly string[] | Obstacle {
  const bare = text.search(/\r(?!\n)/);
  if (bare !== -1) return { at: bare, reason: 'carriage returns without line feeds are not supported' };
  const entries = readEntries(text, root);
  if ('reason' in entries) return entries;
  if (entries.length === 0) return trimBlankLines(text.split(/\r?\n/).map((line) => line.trimEnd()));
  const header = HEADER.exec(text)?.[0] ?? '';
  const comments = placeComments(text, entries, header.length);
  if ('reason' in comments) return comments;
  const head = header === '' ? [] : header.trimEnd().split(/\r?\n/);
  return [...head, ...trimBlankLines([...renderEntries(entries, comments), ...comments.atEnd])];
}

/** The directives and comments up to the `---` that begins the document. */
const HEADER = /^(?:(?:[ \t]*(?:#.*)?|%.*)\r?\n)*---[ \t]*(?:#.*)?\r?\n/;

function trimBlankLines(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line !== '');
  return first === -1 ? [] : lines.slice(first, lines.findLastIndex((line) => line !== '') + 1);
}

/** A text that is equal for nodes with the same content in any order. Missing tags equal an empty list. */
function contentOf(node: YamlNode): string {
  if (isNull(node)) return '[]';
  switch (node.kind) {
    case 'scalar':
      return JSON.stringify(node.value);
    case 'list':
      return `[${node.items.map(contentOf).toSorted().join()}]`;
    case 'map':
      return `{${node.entries
        .map(({ key, value }) => `${JSON.stringify(key.value)}:${contentOf(value)}`)
        .toSorted()
        .join()}}`;
  }
}
