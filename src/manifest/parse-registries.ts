import { formatPosition } from '../base/position.ts';
import type { RegistryName } from '../image/repository.ts';
import type { Problem, Registry } from './model.ts';
import {
  checkRegistryName,
  checkServiceAccount,
  destinationIsSource,
  destinationTwice,
  emptyRegistries,
  noDestination,
  noSource,
  nothingToPromote,
  secondSource,
} from './rules.ts';
import { asMap, isTrue, parseShape, RegistryShape, textOf } from './shape.ts';
import type { SourceFile } from './source-file.ts';
import type { YamlList, YamlNode } from './yaml/yaml-tree.ts';

export interface Registries {
  readonly source: Registry;
  readonly destinations: readonly Registry[];
}

/**
 * The registries of a manifest. Undefined where there is nothing to do with them: no source or several, or no
 * destination left. Whatever is wrong was reported to the file; `at` is where a missing list would be.
 */
export function parseRegistries(
  list: YamlList | undefined,
  at: number,
  source: SourceFile,
): Registries | undefined {
  if (list === undefined || list.items.length === 0) {
    source.report(emptyRegistries(), list?.at ?? at);
    return undefined;
  }
  const earlier = source.problems.length;
  const candidates = list.items.map((item) => parseCandidate(item, source));
  const origin = chooseSource(candidates, list.at, source);
  const destinations = chooseDestinations(candidates, origin, source);
  if (destinations.length === 0) {
    tellOfNone(candidates, behind(source.problems.slice(earlier), source, list.at), source);
  }
  return origin === undefined || destinations.length === 0 ? undefined : { source: origin, destinations };
}

/** What an entry is meant to be; a broken one has a role all the same, or one fault would be reported as two. */
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
  const { fields, intact, broken } = parseShape(RegistryShape, map, { owner: 'a registry', source });
  const registry = parseRegistry(fields, { at: map.at, source, nameIsBroken: broken.has('name') });
  return {
    role: broken.has('src') ? 'unknown' : isTrue(fields.src) ? 'source' : 'destination',
    registry: intact ? registry : undefined,
    at: map.at,
    nameAt: fields.name?.at ?? map.at,
    name: textOf(fields.name) ?? '',
  };
}

function parseRegistry(
  fields: ReturnType<typeof parseShape<typeof RegistryShape>>['fields'],
  { at, source, nameIsBroken }: { at: number; source: SourceFile; nameIsBroken: boolean },
): Registry | undefined {
  if (nameIsBroken) return undefined;
  const name = checkRegistryName(textOf(fields.name));
  if ('fault' in name) source.report(name.fault, fields.name?.at ?? at);
  const account = checkServiceAccount(textOf(fields['service-account']));
  if ('fault' in account) source.report(account.fault, fields['service-account']?.at ?? at);
  if ('fault' in name || 'fault' in account) return undefined;
  return { name: name.value, serviceAccount: account.value, at: source.positionOf(at) };
}

/** Without any destination there is nothing to do; where one was meant, something is wrong. */
function tellOfNone(candidates: readonly Candidate[], at: number, source: SourceFile): void {
  const isMeant = candidates.some(({ role }) => role !== 'source');
  const isUsable = candidates.length === 1 && candidates[0]?.registry !== undefined;
  if (isMeant || !isUsable) source.report(noDestination(), at);
  else source.warn(nothingToPromote(), at);
}

/** The place of the last of some problems, so that what follows from them comes after them. */
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
    // a broken entry that was reported already may be the one
    if (!candidates.some(({ role }) => role === 'unknown')) source.report(noSource(), at);
    return undefined;
  }
  for (const other of others) {
    source.report(secondSource(other.name, formatPosition(source.positionOf(first.at))), other.at);
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
    const same = chosen.get(registry.name);
    if (registry.name === origin?.name) {
      source.report(destinationIsSource(registry.name), nameAt);
    } else if (same === undefined) {
      chosen.set(registry.name, registry);
    } else if (same.serviceAccount !== registry.serviceAccount) {
      source.report(destinationTwice(registry.name, formatPosition(same.at)), nameAt);
    }
  }
  return Array.from(chosen.values());
}
