import type * as z from 'zod';
import { nearest, quote } from '../base/text.ts';
import { FORMER_CHECKS } from '../checks/rule-settings.ts';
import { DECISION_ADVICE, DECISIONS } from '../checks/rule-settings.ts';
import { firstEntries } from '../manifest/map-fields.ts';
import type { SourceFile } from '../manifest/source-file.ts';
import { parseYaml } from '../manifest/yaml/parse-yaml.ts';
import { isNull, kindOf, type YamlNode } from '../manifest/yaml/yaml-tree.ts';
import { explainIssue } from './explain-issue.ts';
import { Settings } from './settings.ts';

/** The settings in a file, empty for an empty file. Undefined after errors, which are reported to the source. */
export function parseSettings(source: SourceFile): Settings | undefined {
  const root = parseYaml(source);
  if (root === undefined) return undefined;
  const parsed = Settings.safeParse(isNull(root) ? {} : valueOf(root, source));
  for (const issue of parsed.error?.issues ?? []) reportIssue(issue, { root, path: [], source });
  return parsed.success && source.problems.length === 0 ? parsed.data : undefined;
}

/** A node as JSON. Plain scalars that look like numbers or booleans become them. */
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

interface IssueScope {
  readonly root: YamlNode;
  /** The path to the union that contains the issue; empty outside of unions. */
  readonly path: readonly PropertyKey[];
  readonly source: SourceFile;
}

function reportIssue(issue: z.core.$ZodIssue, { root, path: above, source }: IssueScope): void {
  const path = [...above, ...issue.path];
  const node = nodeAt(root, path);
  if (issue.code === 'invalid_union') {
    // the first alternative of a union is text, the last one a map
    const issues = issue.errors.at(node.kind === 'map' ? -1 : 0) ?? [];
    for (const inner of issues) reportIssue(inner, { root, path, source });
    return;
  }
  const owner = path.length === 0 ? 'the file' : quote(path.map(String).join('.'));
  if (issue.code === 'unrecognized_keys') {
    for (const name of issue.keys) {
      const message = `unknown key ${quote(name)} in ${owner}: ${adviseKey(name, path)}`;
      source.report({ rule: 'settings', message }, keyOf(node, name)?.key.at ?? node.at);
    }
    return;
  }
  const isMissing = path.length > 0 && node === nodeAt(root, path.slice(0, -1));
  const message = `${owner} ${isMissing ? 'is missing' : describeNode(node)}: ${explainIssue(issue)}`;
  source.report({ rule: 'settings', message }, node.at);
}

function adviseKey(name: string, path: readonly PropertyKey[]): string {
  if (path[0] === 'rules' && path.length === 1 && DECISIONS.includes(name)) return DECISION_ADVICE;
  const known = knownKeys(Settings, path);
  const former = FORMER_CHECKS[name];
  const similar = former !== undefined && known.includes(former) ? former : nearest(name, known);
  return similar === undefined
    ? `expected ${known.toSorted().join(', ')}`
    : `did you mean ${quote(similar)}?`;
}

function describeNode(node: YamlNode): string {
  return `is ${node.kind === 'scalar' && !isNull(node) ? quote(node.value) : kindOf(node)}`;
}

/** The node at a path, or the deepest one that exists. */
function nodeAt(root: YamlNode, path: readonly PropertyKey[]): YamlNode {
  return path.reduce<YamlNode>((node, key) => {
    if (node.kind === 'list') return node.items[Number(key)] ?? node;
    return keyOf(node, String(key))?.value ?? node;
  }, root);
}

function keyOf(node: YamlNode, name: string) {
  return node.kind === 'map' ? node.entries.find(({ key }) => key.value === name) : undefined;
}

/** The keys of the map at a path, in a schema of optional maps and of unions whose last alternative is a map. */
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
