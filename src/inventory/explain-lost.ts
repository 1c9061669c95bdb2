import type { Wanted } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import type { Inventory, InventoryReading } from './inventory.ts';
import { openWants } from './read-destination.ts';
import { findNowhere } from './sibling-holders.ts';

/** Hints by host that content reported as lost may only be hidden. Each host of a lost edge is asked once. */
export async function explainLost(
  wanted: Wanted,
  reading: InventoryReading & Pick<Inventory, 'sources'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const hints = new Map<string, string>();
  const ask = async ([host, { registry, repository }]: readonly [string, Question]) => {
    const hint = await registry.explainAbsence?.(repository, signal);
    if (hint !== undefined) hints.set(host, hint);
  };
  await Promise.all(Array.from(collectQuestions(wanted, reading), ask));
  return hints;
}

interface Question {
  readonly registry: ReadRegistry;
  readonly repository: Repository;
}

/** One question for each host of a lost edge, source or destination. */
function collectQuestions(
  wanted: Wanted,
  reading: InventoryReading & Pick<Inventory, 'sources'>,
): ReadonlyMap<string, Question> {
  const questions = new Map<string, Question>();
  if (!Array.from(reading.sources.values()).some(({ kind }) => kind === 'absent')) return questions;
  const add = (registry: ReadRegistry, repository: Repository) => {
    if (!questions.has(hostOf(repository))) questions.set(hostOf(repository), { registry, repository });
  };
  const nowhere = findNowhere(wanted, reading);
  for (const { repository, list } of nowhere.size === 0 ? [] : wanted.repositories) {
    const state = reading.destinations.get(repository);
    if (state?.kind !== 'read') continue;
    for (const want of openWants(list, state).filter((one) => nowhere.has(one))) {
      add(reading.destination, repository);
      for (const source of want.sources) add(reading.source, source);
    }
  }
  return questions;
}
