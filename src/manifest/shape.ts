import * as z from 'zod';
import { formatPosition } from '../base/position.ts';
import { nearest, quote } from '../base/text.ts';
import type { Fault } from './rules.ts';
import type { SourceFile } from './source-file.ts';
import {
  isNull,
  kindOf,
  type YamlEntry,
  type YamlList,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from './yaml/yaml-tree.ts';

/** The fields keep their YAML nodes, for their positions. A missing field and a null one are the same, as in Go. */
const Text = field('text', (node): node is YamlScalar => node.kind === 'scalar');
const List = field('a list', (node): node is YamlList => node.kind === 'list');
const DigestMap = field('a map of digests to lists of tags', (node): node is YamlMap => node.kind === 'map');
const Section = field('a map', (node): node is YamlMap => node.kind === 'map');
const Flag = field('true or false, without quotes', isFlag);

export const RegistryShape = z.strictObject({ name: Text, 'service-account': Text, src: Flag });
export const ImageShape = z.strictObject({ name: Text, dmap: DigestMap });
export const PlainShape = z.strictObject({ registries: List, images: List, provenance: Section });
/** `imagesPath` is a leftover in real manifests that never had a meaning. */
export const ThinShape = z.strictObject({
  registries: List,
  imagesPath: z.unknown().optional(),
  provenance: Section,
});
export const ProvenanceShape = z.strictObject({
  mode: Text,
  signers: List,
  builders: List,
  sources: List,
  predicateTypes: List,
  level: Text,
  levels: List,
});

export interface ShapedFields<Fields> {
  /** The fields that are as they should be. */
  readonly fields: Fields;
  /** False if a fault of the map or of a field was reported. */
  readonly intact: boolean;
  /** The names of fields that cannot be used. */
  readonly broken: ReadonlySet<string>;
}

/** The fields of a map, checked against a shape. `owner` names the map in messages. */
export function parseShape<Shape extends z.ZodObject>(
  shape: Shape,
  map: YamlMap,
  { owner, source }: { owner: string; source: SourceFile },
): ShapedFields<z.output<Shape>> {
  const { first, repeated } = firstEntries(map, source);
  const result = shape.safeParse(valuesOf(first.values()));
  if (result.success) return { fields: result.data, intact: repeated.size === 0, broken: repeated };
  const broken = new Set(repeated);
  for (const [name, fault] of faultsOf(result.error.issues, {
    first,
    owner,
    known: Object.keys(shape.shape),
  })) {
    broken.add(name);
    const entry = first.get(name);
    const place = fault.rule === 'unknown-field' ? entry?.key : entry?.value;
    source.report(fault, place?.at ?? map.at);
  }
  // the other fields are valid, and no field is required
  const rest = shape.parse(valuesOf(Array.from(first.values()).filter(({ key }) => !broken.has(key.value))));
  return { fields: rest, intact: false, broken };
}

/** The first entry of each key. The other entries are reported, and `repeated` has their keys. */
export function firstEntries(
  map: YamlMap,
  source: SourceFile,
): { readonly first: ReadonlyMap<string, YamlEntry>; readonly repeated: ReadonlySet<string> } {
  const first = new Map<string, YamlEntry>();
  const repeated = new Set<string>();
  for (const entry of map.entries) {
    const name = entry.key.value;
    const known = first.get(name);
    if (known === undefined) {
      first.set(name, entry);
    } else {
      repeated.add(name);
      const firstAt = formatPosition(source.positionOf(known.key.at));
      const message = `key ${quote(name)} already set in map at ${firstAt}: remove one of the two`;
      source.report({ rule: 'duplicate-key', message }, entry.key.at);
    }
  }
  return { first, repeated };
}

/** A node that should be a map, or undefined and a problem. */
export function asMap(node: YamlNode, owner: string, source: SourceFile): YamlMap | undefined {
  if (node.kind === 'map') return node;
  source.report({ rule: 'shape', message: `${owner} has to be a map, not ${kindOf(node)}` }, node.at);
  return undefined;
}

/** The booleans of YAML 1.1, as Go's yaml.v2 reads them. */
export function isTrue(node: YamlScalar | undefined): boolean {
  return node !== undefined && TRUE.has(node.value);
}

const TRUE: ReadonlySet<string> = new Set('y Y yes Yes YES true True TRUE on On ON'.split(' '));
const FALSE: ReadonlySet<string> = new Set('n N no No NO false False FALSE off Off OFF'.split(' '));

function isFlag(node: YamlNode): node is YamlScalar {
  return node.kind === 'scalar' && node.plain && (TRUE.has(node.value) || FALSE.has(node.value));
}

function field<Node extends YamlNode>(expected: string, is: (node: YamlNode) => node is Node) {
  return z.custom<Node>((value) => isNode(value) && is(value), { error: expected }).optional();
}

function isNode(value: unknown): value is YamlNode {
  return typeof value === 'object' && value !== null && 'kind' in value && 'at' in value;
}

/** No prototype, or a field called `__proto__` would get lost. */
function valuesOf(entries: Iterable<YamlEntry>): Record<string, YamlNode | undefined> {
  const values: Record<string, YamlNode | undefined> = Object.create(null);
  for (const { key, value } of entries) values[key.value] = isNull(value) ? undefined : value;
  return values;
}

function* faultsOf(
  issues: readonly z.core.$ZodIssue[],
  context: { first: ReadonlyMap<string, YamlEntry>; owner: string; known: readonly string[] },
): Generator<readonly [string, Fault]> {
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const name of issue.keys) yield [name, unknownField(name, context.owner, context.known)];
      continue;
    }
    const name = String(issue.path[0]);
    const value = context.first.get(name)?.value;
    const got = value === undefined ? 'nothing' : describe(value);
    const message = `${quote(name)} of ${context.owner} has to be ${issue.message}, not ${got}`;
    yield [name, { rule: 'shape', message }];
  }
}

function unknownField(field: string, owner: string, known: readonly string[]): Fault {
  const meant = nearest(field, known);
  const advice = meant === undefined ? `expected ${known.join(', ')}` : `did you mean ${quote(meant)}?`;
  return { rule: 'unknown-field', message: `field ${quote(field)} not found in ${owner}: ${advice}` };
}

function describe(node: YamlNode): string {
  return node.kind === 'scalar' ? quote(node.value) : kindOf(node);
}
