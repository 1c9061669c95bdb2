import type * as z from 'zod';
import { nearest, quote } from '../base/text.ts';
import { firstEntries } from '../manifest/map-fields.ts';
import type { SourceFile } from '../manifest/source-file.ts';
import { parseYaml } from '../manifest/yaml/parse-yaml.ts';
import { isNull, type YamlNode } from '../manifest/yaml/yaml-tree.ts';
import { Settings } from './settings.ts';

/** The settings in a file. Undefined after faults, which are reported to the file. An empty file has none. */
export function parseSettings(source: SourceFile): Settings | undefined {
  const root = parseYaml(source);
  if (root === undefined) return undefined;
  const parsed = Settings.safeParse(isNull(root) ? {} : valueOf(root, source));
  for (const issue of parsed.error?.issues ?? []) reportIssue(issue, { root, path: [], source });
  return parsed.success && source.problems.length === 0 ? parsed.data : undefined;
}

/** A node as JSON: text that a plain scalar spells a number or a boolean with is one. */
function valueOf(node: YamlNode, source: SourceFile): unknown {
  switch (node.kind) {
    case 'list':
      return node.items.map((item) => valueOf(item, source));
    case 'map':
      return Object.fromEntries(
        Array.from(firstEntries(node, source).first, ([key, { value }]) => [key, valueOf(value, source)]),
      );
    case 'scalar':
      if (isNull(node)) return null;
      if (node.plain && /^\d{1,15}$/.test(node.value)) return Number(node.value);
      return node.plain && /^(?:true|false)$/.test(node.value) ? node.value === 'true' : node.value;
    default:
      return node satisfies never;
  }
}

interface Place {
  readonly root: YamlNode;
  /** The keys that lead to the value of the issue's union. */
  readonly path: readonly PropertyKey[];
  readonly source: SourceFile;
}

function reportIssue(issue: z.core.$ZodIssue, { root, path: above, source }: Place): void {
  const path = [...above, ...issue.path];
  const node = nodeAt(root, path);
  if (issue.code === 'invalid_union') {
    // the first alternative of a union is text, the last one a map
    const issues = issue.errors.at(node.kind === 'map' ? -1 : 0) ?? [];
    for (const inner of issues) reportIssue(inner, { root, path, source });
    return;
  }
  const owner = path.length === 0 ? 'the settings' : quote(path.map(String).join('.'));
  if (issue.code !== 'unrecognized_keys') {
    source.report({ rule: 'settings', message: `${owner}: ${lowerCase(issue.message)}` }, node.at);
    return;
  }
  const known = knownKeys(Settings, path);
  for (const name of issue.keys) {
    const meant = nearest(name, known);
    const advice = meant === undefined ? `expected ${known.join(', ')}` : `did you mean ${quote(meant)}?`;
    const message = `unknown key ${quote(name)} in ${owner}: ${advice}`;
    source.report({ rule: 'settings', message }, keyOf(node, name)?.key.at ?? node.at);
  }
}

/** The node that keys lead to, or the last one on the way. */
function nodeAt(root: YamlNode, path: readonly PropertyKey[]): YamlNode {
  return path.reduce<YamlNode>((node, key) => {
    if (node.kind === 'list') return node.items[Number(key)] ?? node;
    return keyOf(node, String(key))?.value ?? node;
  }, root);
}

function keyOf(node: YamlNode, name: string) {
  return node.kind === 'map' ? node.entries.find(({ key }) => key.value === name) : undefined;
}

/** The keys of the map that a path leads to, in a schema of optional maps and of unions that end with one. */
function knownKeys(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  const { def } = schema._zod;
  const inner = def as z.core.$ZodTypeDef & {
    readonly innerType?: z.core.$ZodType;
    readonly options?: readonly z.core.$ZodType[];
    readonly shape?: Readonly<Record<PropertyKey, z.core.$ZodType>>;
    readonly element?: z.core.$ZodType;
  };
  const wrapped = inner.innerType ?? inner.options?.at(-1);
  if (wrapped !== undefined) return knownKeys(wrapped, path);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(inner.shape ?? {});
  const next = inner.element ?? inner.shape?.[key];
  return next === undefined ? [] : knownKeys(next, rest);
}

/** Zod's messages begin with a capital. */
function lowerCase(text: string): string {
  return `${text.charAt(0).toLowerCase()}${text.slice(1)}`;
}
