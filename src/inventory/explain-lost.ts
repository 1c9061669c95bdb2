import type { Wanted } from '../edges/wanted.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { type SourceKey, type SourceState, sourceKey } from './inventory.ts';
import type { Reading } from './inventory-ports.ts';
import { openWants } from './read-destination.ts';

/**
 * Why what is lost may be there all the same, by host: each host that says so of something that is nowhere is asked once
 * whether it hides content.
 */
export async function explainLost(
  wanted: Wanted,
  reading: Reading & { readonly sources: ReadonlyMap<SourceKey, SourceState> },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const absent = Array.from(reading.sources.values()).filter(({ kind }) => kind === 'absent');
  if (absent.length === 0) return new Map();
  const hosts = new Map<string, { readonly repository: Repository; readonly registry: ReadRegistry }>();
  const ask = (registry: ReadRegistry, repository: Repository) => {
    if (!hosts.has(hostOf(repository))) hosts.set(hostOf(repository), { repository, registry });
  };
  for (const { repository, list } of wanted.repositories) {
    const state = reading.destinations.get(repository);
    if (state?.kind !== 'read') continue;
    for (const { digest, sources } of openWants(list, state)) {
      if (!sources.every((source) => reading.sources.get(sourceKey(source, digest))?.kind === 'absent'))
        continue;
      ask(reading.destination, repository);
      for (const source of sources) ask(reading.source, source);
    }
  }
  const absences = new Map<string, string>();
  await Promise.all(
    Array.from(hosts, async ([host, { repository, registry }]) => {
      const why = await registry.explainAbsence?.(repository, signal);
      if (why !== undefined) absences.set(host, why);
    }),
  );
  return absences;
}
