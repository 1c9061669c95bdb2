import { forEachInLanes } from '../../base/concurrency.ts';
import { groupBy } from '../../base/maps.ts';
import type { Digest } from '../../image/digest.ts';
import { formatReference } from '../../image/reference.ts';
import { hostOf } from '../../image/repository.ts';
import { edgeId, isWritable, type WritableItem } from '../../plan/plan.ts';
import type { Found, PlanRule } from '../rule.ts';
import { describeAge, type UnknownTime, UploadTimes } from './upload-age.ts';

/** Milliseconds: the soak time that release teams use most. */
const DEFAULT_AGE = 72 * 3_600_000;

export interface MinAgeOptions {
  /** Milliseconds. */
  readonly age?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The digests that the manifests of the branch had that long ago. Unset for a proposed change. */
  readonly settled?:
    | ((age: number, signal: AbortSignal) => Promise<ReadonlySet<Digest> | UnknownTime>)
    | undefined;
}

/**
 * Blocks digests that are younger than `age`: a compromised build is often found within days. The age is the time since
 * the upload, by the registry's clock, or since the digest came into the manifests. Publishers choose `created`, so it
 * does not count. A digest of unknown age is a finding too.
 */
export function minAge({ age = DEFAULT_AGE, now, settled }: MinAgeOptions): PlanRule {
  return {
    name: 'min-age',
    level: 'off',
    check: async (plan, { source, workers, report }, signal) => {
      const old = (await settled?.(age, signal)) ?? new Set<Digest>();
      const isOld = (digest: Digest) => 'has' in old && old.has(digest);
      const history = 'unknown' in old ? old.unknown : undefined;
      const young = plan.items.filter(isWritable).filter(({ digest }) => !isOld(digest));
      const groups = Array.from(groupBy(young, keyOf).values());
      const uploads = new UploadTimes(source, { now, signal });
      const laneOf = ([first]: readonly WritableItem[]) =>
        first === undefined ? '' : hostOf(first.sources[0] ?? first.destination);
      await forEachInLanes(groups, { laneOf, workers, signal }, async (items) => {
        const [first] = items;
        if (first === undefined) return;
        const uploaded = await uploads.of(first.digest, first.sources);
        if (typeof uploaded !== 'number' || now - uploaded < age)
          report(tooYoung(items, { uploaded, history, now, age }));
      });
    },
  };
}

function keyOf({ digest, sources }: WritableItem): string {
  return [digest, ...sources].join(' ');
}

interface Age {
  readonly uploaded: number | UnknownTime;
  /** The reason why the history of the manifests is unknown. */
  readonly history: string | undefined;
  readonly now: number;
  /** The age that a digest needs. */
  readonly age: number;
}

function tooYoung(items: readonly WritableItem[], { uploaded, history, now, age }: Age): Found {
  const [first] = items;
  const [source] = first?.sources ?? [];
  const name = first === undefined || source === undefined ? '' : formatReference(source, first.digest);
  const concerns = { at: first?.at[0], edges: items.map(edgeId) };
  if (typeof uploaded !== 'number') {
    const reasons = [uploaded.unknown, ...(history === undefined ? [] : [history])].join('; ');
    const message = `the age of ${name} is unknown and must be at least ${describeAge(age)}: ${reasons}`;
    const advice =
      history === undefined
        ? 'merge the manifests and promote later: an entry of the branch is as old as its commit'
        : 'promote from a complete clone of the branch: an entry is as old as its commit';
    return { message, advice, ...concerns };
  }
  const message = `${name} was uploaded ${describeAge(now - uploaded)} ago and must be at least ${describeAge(age)} old`;
  return { message, advice: `promote it after ${new Date(uploaded + age).toISOString()}`, ...concerns };
}
