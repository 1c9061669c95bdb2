import { getOrMake } from '../../base/maps.ts';
import type { Digest } from '../../image/digest.ts';
import type { BuildLevel, Outcome } from '../../signature/policy/evidence.ts';

/** The results of provenance policies, by image. */
export class BuildLevels {
  readonly #found = new Map<Digest, BuildLevel[]>();

  add(image: Digest, outcomes: readonly Outcome[]): void {
    getOrMake(this.#found, image, () => []).push(...outcomes.map(levelOf));
  }

  /** The worst result of all sources and policies of an image. */
  of(image: Digest): BuildLevel {
    const found = this.#found.get(image) ?? [];
    if (found.includes('failed')) return 'failed';
    const levels = found.filter((level) => typeof level === 'number');
    return levels.length === 0 || levels.length < found.length ? 'unevaluated' : Math.min(...levels);
  }
}

function levelOf(outcome: Outcome): BuildLevel {
  if (outcome.kind === 'satisfied') return outcome.level ?? 1;
  return outcome.kind === 'violated' ? 'failed' : 'unevaluated';
}
