import { formatPosition } from '../base/position.ts';
import { quote } from '../base/text.ts';
import type { RegistryName } from '../image/repository.ts';
import type { Problem, Registry } from './model.ts';
import { checkRegistryName, checkServiceAccount, type Fault } from './rules.ts';
import { asMap, FLAG, isTrue, MapFields, TEXT } from './map-fields.ts';
import type { SourceFile } from './source-file.ts';
import type { YamlList, YamlNode, YamlScalar } from './yaml/yaml-tree.ts';

export interface Registries {
  readonly source: Registry;
  readonly destinations: readonly Registry[];
}

/**
 * The registries of a manifest. Undefined without exactly one source or without a destination. Faults are reported to
 * the file; `at` is the place of a missing list.
 */
export function parseRegistries(
  list: YamlList | undefined,
  at: number,
  source: SourceFile,
): Registries | undefined {
  if (list === undefined || list.items.length === 0) {
    const message = `'registries' field cannot be empty: expected one registry with "src: true" and at least one without`;
    source.report({ rule: 'one-source', message }, list?.at ?? at);
    return undefined;
  }
  const earlier = source.problems.length;
  const candidates = list.items.map((item) => parseCandidate(item, source));
  const origin = chooseSource(candidates, list.at, source);
  const destinations = chooseDestinations(candidates, origin, source);
  if (destinations.length === 0) {
    reportNoDestination(candidates, behind(source.problems.slice(earlier), source, list.at), source);
  }
  return origin === undefined || destinations.length === 0 ? undefined : { source: origin, destinations };
}

/** An entry with its role. A broken entry has a role too, or one fault would be reported as two. */
interface Candidate {
  readonly role: 'source' | 'destination' | 'unknown';
  readonly registry: Registry | undefined;
  readonly at: number;
  readonly nameAt: number;
  readonly name: string;
}

function parseCandidate(item: YamlNode, source: SourceFile): Candidate {
  const map = asMap(item, 'a registry', source);
  if (map === undefined)
    return { role: 'unknown', registry: undefined, at: item.at, nameAt: item.at, name: '' };
  const fields = new MapFields(map, 'a registry', source);
  const name = fields.take('name', TEXT);
  const account = fields.take('service-account', TEXT);
  const src = fields.take('src', FLAG);
  const isIntact = fields.close();
  const registry = fields.isBroken('name') ? undefined : parseRegistry({ name, account, at: map.at }, source);
  return {
    role: fields.isBroken('src') ? 'unknown' : isTrue(src) ? 'source' : 'destination',
    registry: isIntact ? registry : undefined,
    at: map.at,
    nameAt: name?.at ?? map.at,
    name: name?.value ?? '',
  };
}

interface RegistryNodes {
  readonly name: YamlScalar | undefined;
  readonly account: YamlScalar | undefined;
  readonly at: number;
}

function parseRegistry(nodes: RegistryNodes, source: SourceFile): Registry | undefined {
  const { at } = nodes;
  const name = checkRegistryName(nodes.name?.value);
  if ('fault' in name) source.report(name.fault, nodes.name?.at ?? at);
  const account = checkServiceAccount(nodes.account?.value);
  if ('fault' in account) source.report(account.fault, nodes.account?.at ?? at);
  if ('fault' in name || 'fault' in account) return undefined;
  return { name: name.value, serviceAccount: account.value, at: source.positionOf(at) };
}

/** A manifest with a source alone is a warning, as the original took it; a bad destination makes it an error. */
function reportNoDestination(candidates: readonly Candidate[], at: number, source: SourceFile): void {
  const isMeant = candidates.some(({ role }) => role !== 'source');
  const isUsable = candidates.length === 1 && candidates[0]?.registry !== undefined;
  if (isMeant || !isUsable) {
    const message = 'no destination registry: expected at least one valid registry without "src: true"';
    source.report(destinationFault(message), at);
  } else {
    source.warn(destinationFault('nothing to promote: there is a source registry and no destination'), at);
  }
}

/** The place of the last of some problems, so that problems that follow from them come after them. */
function behind(problems: readonly Problem[], source: SourceFile, otherwise: number): number {
  return problems.reduce((last, { at }) => Math.max(last, source.offsetOf(at)), otherwise);
}

function chooseSource(
  candidates: readonly Candidate[],
  at: number,
  source: SourceFile,
): Registry | undefined {
  const [first, ...others] = candidates.filter(({ role }) => role === 'source');
  if (first === undefined) {
    // a broken entry that was reported already may be the source
    if (candidates.some(({ role }) => role === 'unknown')) return undefined;
    const message = 'source registry must be set: mark one registry with "src: true"';
    source.report({ rule: 'one-source', message }, at);
    return undefined;
  }
  for (const { name, at: otherAt } of others) {
    const firstAt = formatPosition(source.positionOf(first.at));
    const message = `cannot have more than 1 source registry: ${quote(name)} is one too, the first is at ${firstAt}; remove a "src: true"`;
    source.report({ rule: 'one-source', message }, otherAt);
  }
  return others.length === 0 ? first.registry : undefined;
}

function chooseDestinations(
  candidates: readonly Candidate[],
  origin: Registry | undefined,
  source: SourceFile,
): readonly Registry[] {
  const chosen = new Map<RegistryName, Registry>();
  for (const { role, registry, nameAt } of candidates) {
    if (role !== 'destination' || registry === undefined) continue;
    const name = `destination ${quote(registry.name)}`;
    const same = chosen.get(registry.name);
    if (registry.name === origin?.name) {
      const message = `${name} is the source registry itself: nothing can be promoted there, remove it`;
      source.report(destinationFault(message), nameAt);
    } else if (same === undefined) {
      chosen.set(registry.name, registry);
    } else if (same.serviceAccount !== registry.serviceAccount) {
      const message = `${name} is listed with another service account at ${formatPosition(same.at)}: remove one of the two`;
      source.report(destinationFault(message), nameAt);
    }
  }
  return Array.from(chosen.values());
}

function destinationFault(message: string): Fault {
  return { rule: 'destination', message };
}
