import { quote } from '../../base/text.ts';
import { faultsOf, type ProvenancePolicy, type TrustedBuilder } from '../../signature/policy/policy.ts';
import { hasRef } from '../../signature/policy/source-repository.ts';
import { asMap, LIST, MapFields, TEXT } from '../map-fields.ts';
import type { SourceFile } from '../source-file.ts';
import type { YamlMap, YamlNode } from '../yaml/yaml-tree.ts';
import type { PolicyFields } from './policy-fields.ts';

/**
 * The fields of a `provenance` section but its mode. Faults are reported to the file.
 *
 * @see https://github.com/kubernetes-sigs/promo-tools/blob/main/docs/image-promotion.md "Provenance policies"
 */
export function parseProvenance(policy: PolicyFields, source: SourceFile): ProvenancePolicy {
  const { fields } = policy;
  const signers = policy.takeSigners();
  const builders = itemsOf(fields, 'builders').flatMap((item) => parseBuilder(item, policy, source) ?? []);
  const sources = policy.takeTexts('sources').map(({ value, at }) => {
    if (hasRef(value)) policy.report(`source ${quote(value)} has a ref: name the repository alone`, at);
    return value;
  });
  return {
    signers,
    builders,
    sources,
    predicateTypes: policy.takeTexts('predicateTypes').map(({ value }) => value),
    level: policy.takeLevel(fields, LEAST_REQUIRED),
    levels: itemsOf(fields, 'levels').flatMap((item) => parseLevels(item, policy, source) ?? []),
  };
}

/** The lists that an enabled policy needs, and contradictions between them. */
export function checkProvenance(parsed: ProvenancePolicy, policy: PolicyFields): void {
  for (const name of ['signers', 'builders', 'sources']) policy.require(name);
  if (parsed.signers.length === 0 || parsed.builders.length === 0) return;
  for (const fault of faultsOf(parsed)) policy.report(fault);
}

/** Level 1 is what any builder has. */
const LEAST_REQUIRED = 2;

function itemsOf(fields: MapFields, name: string): readonly YamlNode[] {
  return fields.take(name, LIST)?.items ?? [];
}

function parseBuilder(item: YamlNode, policy: PolicyFields, source: SourceFile): TrustedBuilder | undefined {
  return parseItem(item, 'a builder', { policy, source }, (fields, map) => {
    const id = fields.take('id', TEXT);
    const level = policy.takeLevel(fields, 1);
    const signers = policy.takeSigners(fields);
    const hasId = id !== undefined && id.value.trim() !== '';
    if (!hasId && !fields.isBroken('id'))
      policy.report(`a builder needs 'id': the id that provenance names`, map.at);
    if (level === undefined && !fields.isBroken('level') && !hasField(map, 'level'))
      policy.report(`a builder needs 'level': the SLSA build level that it reaches, 1 to 3`, map.at);
    return hasId && level !== undefined ? { id: id.value, level, signers } : undefined;
  });
}

function parseLevels(item: YamlNode, policy: PolicyFields, source: SourceFile) {
  return parseItem(item, 'an entry of levels', { policy, source }, (fields, map) => {
    const images = policy.takeTexts('images', fields).map(({ value }) => value);
    const level = policy.takeLevel(fields, LEAST_REQUIRED);
    if (images.length === 0 && !fields.isBroken('images'))
      policy.report(`an entry of levels needs 'images': their names below the source`, map.at);
    if (level === undefined && !fields.isBroken('level') && !hasField(map, 'level'))
      policy.report(`an entry of levels needs 'level': 2 or 3`, map.at);
    return level === undefined ? undefined : { images, level };
  });
}

function parseItem<T>(
  item: YamlNode,
  owner: string,
  { policy, source }: { readonly policy: PolicyFields; readonly source: SourceFile },
  parse: (fields: MapFields, map: YamlMap) => T | undefined,
): T | undefined {
  const map = asMap(item, owner, source);
  if (map === undefined) return policy.break();
  const fields = new MapFields(map, owner, source);
  const parsed = parse(fields, map);
  if (!fields.close()) return policy.break();
  return parsed;
}

function hasField(map: YamlMap, name: string): boolean {
  return map.entries.some(({ key }) => key.value === name);
}
