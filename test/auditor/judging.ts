import type { RegistryEvent } from '../../src/auditor/events/registry-event.ts';
import { AllowedImages } from '../../src/auditor/verdict/allowed-images.ts';
import { ChildFinder } from '../../src/auditor/verdict/child-finder.ts';
import { type Judgement, judgeByContent, judgeDirectly } from '../../src/auditor/verdict/judge-event.ts';
import type { Verdict } from '../../src/auditor/verdict/verdict.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import type { ReadRegistry } from '../../src/ports/registry.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';

/** What the service judges by: manifests of one commit, and a registry to read. */
export function judgement(
  manifests: readonly PromoterManifest[],
  registry: ReadRegistry = new MemoryRegistry(),
): Judgement {
  const images = new AllowedImages(expandEdges(manifests), {
    sources: manifests.map(({ source }) => source.name),
    destinations: manifests.flatMap(({ destinations }) => destinations.map(({ name }) => name)),
  });
  const children = new ChildFinder(registry, new AbortController().signal);
  return { images, commit: '0123abc', extra: new Map(), registry, children };
}

/** The verdict of the service on one change. */
export async function verdictOn(event: RegistryEvent, state: Judgement): Promise<Verdict> {
  const { signal } = new AbortController();
  return judgeDirectly(event, state) ?? (await judgeByContent(event, state, signal));
}
