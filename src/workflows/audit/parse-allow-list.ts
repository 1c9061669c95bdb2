import * as z from 'zod';
import { quote } from '../../base/text.ts';
import type { SourceFile } from '../../manifest/source-file.ts';
import { parseYaml } from '../../manifest/yaml/parse-yaml.ts';
import { isNull, kindOf, type YamlMap, type YamlNode } from '../../manifest/yaml/yaml-tree.ts';
import type { Allowance } from './allow-list.ts';

const TEXT = 'expected text';
const Text = z.string(TEXT).trim().min(1, TEXT);

/** An entry of `audit-allow.yaml`. */
const Entry = z
  .strictObject({
    repository: Text,
    tag: Text.optional(),
    digest: Text.optional(),
    reason: Text,
    expires: z.iso.date('expected a date, YYYY-MM-DD').optional(),
  })
  .refine(({ tag, digest }) => tag === undefined || digest === undefined, {
    path: ['digest'],
    message: 'an entry has a tag or a digest, not both: write two entries',
  });

const FIELDS = Object.keys(Entry.shape).join(', ');

/** The entries of an allow-list. Faults are reported to the file, and their entries left out. */
export function parseAllowList(source: SourceFile): readonly Allowance[] {
  const root = parseYaml(source);
  if (root === undefined || isNull(root)) return [];
  if (root.kind !== 'list') {
    const message = `an allow-list is a list of entries with ${FIELDS}, not ${kindOf(root)}`;
    source.report({ rule: 'shape', message }, root.at);
    return [];
  }
  return root.items.flatMap((item) => parseEntry(item, source) ?? []);
}

function parseEntry(node: YamlNode, source: SourceFile): Allowance | undefined {
  if (node.kind !== 'map') {
    const message = `an entry of an allow-list is a map with ${FIELDS}, not ${kindOf(node)}`;
    source.report({ rule: 'shape', message }, node.at);
    return undefined;
  }
  if (hasDuplicates(node, source)) return undefined;
  const fields = Object.fromEntries(node.entries.map(({ key, value }) => [key.value, plainOf(value)]));
  const result = Entry.safeParse(fields);
  if (!result.success) {
    for (const issue of result.error.issues) reportIssue(issue, node, source);
    return undefined;
  }
  const { repository, tag, digest, reason, expires } = result.data;
  return { repository, tag, digest, reason, expires, at: source.positionOf(node.at) };
}

function hasDuplicates({ entries }: YamlMap, source: SourceFile): boolean {
  const seen = new Set<string>();
  const again = entries.filter(({ key }) => seen.size === seen.add(key.value).size);
  for (const { key } of again) {
    const message = `the field ${quote(key.value)} is given twice: keep one`;
    source.report({ rule: 'duplicate-key', message }, key.at);
  }
  return again.length > 0;
}

/** Every value of an entry is text: `1.10` stays `1.10`. */
function plainOf(node: YamlNode): string | null {
  return node.kind === 'scalar' && !isNull(node) ? node.value : null;
}

function reportIssue(issue: z.core.$ZodIssue, map: YamlMap, source: SourceFile): void {
  if (issue.code === 'unrecognized_keys') {
    for (const name of issue.keys) {
      const message = `unknown field ${quote(name)}: an entry has ${FIELDS}`;
      source.report({ rule: 'unknown-field', message }, offsetOf(name, map));
    }
    return;
  }
  const field = String(issue.path[0] ?? '');
  const isThere = map.entries.some(({ key }) => key.value === field);
  const message = isThere ? `${field}: ${issue.message}` : `the entry has no ${field}`;
  source.report({ rule: 'shape', message }, offsetOf(field, map));
}

/** The place of a field's value; of a missing one that of the entry. */
function offsetOf(field: string, { entries, at }: YamlMap): number {
  return entries.find(({ key }) => key.value === field)?.key.at ?? at;
}
