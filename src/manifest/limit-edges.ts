import type { Problem, PromoterManifest } from './model.ts';

/** Four times the edges of Kubernetes in 2026. A missing edge takes some hundred bytes of memory. */
const MAX_EDGES = 4_000_000;

/**
 * Leaves the largest manifests out until the others want no more edges than a run can hold. Otherwise a run with many
 * registries and images would end without memory, and without a message.
 */
export function limitEdges(manifests: readonly PromoterManifest[]): {
  readonly manifests: readonly PromoterManifest[];
  readonly problems: readonly Problem[];
} {
  const counts = new Map(manifests.map((manifest) => [manifest, countEdges(manifest)]));
  let total = Array.from(counts.values()).reduce((sum, count) => sum + count, 0);
  const problems: Problem[] = [];
  for (const [manifest, edges] of Array.from(counts).toSorted(([, a], [, b]) => b - a)) {
    if (total <= MAX_EDGES) break;
    total -= edges;
    counts.delete(manifest);
    problems.push(tooManyEdges(manifest, edges));
  }
  return { manifests: Array.from(counts.keys()), problems };
}

/** Registries times tags; a digest without a tag counts as one. */
function countEdges({ destinations, images }: PromoterManifest): number {
  let wants = 0;
  for (const { digests } of images) for (const { tags } of digests) wants += Math.max(1, tags.length);
  return destinations.length * wants;
}

function tooManyEdges({ source, destinations }: PromoterManifest, edges: number): Problem {
  const count = `${edges} edges (tags and untagged digests times ${destinations.length} registries)`;
  const message = `${count}: all manifests together may want ${MAX_EDGES}, promote this one in a run of its own or divide it`;
  return { severity: 'error', rule: 'too-many-edges', message, at: source.at, frame: '' };
}
