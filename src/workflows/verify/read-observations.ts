import pLimit, { type LimitFunction } from 'p-limit';
import { forEachConcurrently } from '../../base/concurrency.ts';
import type { Want, Wanted, WantList } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { DestinationState, ReadState } from '../../inventory/inventory.ts';
import { ListingStates } from '../../inventory/listing-state.ts';
import { ListingStrategy } from '../../inventory/listing-strategy.ts';
import {
  type DestinationQuery,
  openWants,
  readDestination,
  readDigests,
} from '../../inventory/read-destination.ts';
import { isPresent } from '../../plan/decide-edge.ts';
import type { Progress } from '../../ports/progress.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { orGivenUp, orUnreadable } from '../../ports/unreadable.ts';
import { ContentCheck, type Missing } from './content-check.ts';
import type { Mirror } from './mirror.ts';
import type { Flaw, Observation, Observations } from './observation.ts';
import { makeTargets, type Target } from './target.ts';

export interface ObservationPorts {
  readonly registry: ReadRegistry;
  readonly progress: Progress;
}

export interface ObservationOptions {
  /** The host to query instead of the destinations. */
  readonly mirror: Mirror | undefined;
  /** Whether to check the content of manifests. */
  readonly deep: boolean;
  /** Whether to read a byte of each blob instead of a HEAD request. */
  readonly reads: boolean;
  /** Concurrent repositories, and concurrent digests whose content is checked; the transport bounds the requests. */
  readonly workers: number;
}

type ObservationContext = ObservationPorts &
  ObservationOptions &
  Pick<DestinationQuery, 'listings' | 'wanted' | 'confirmsAbsence'> & {
    /** Limits content checks: a check that has begun ends before another begins. */
    readonly contents: LimitFunction;
    readonly show: (target: Target, observation: Observation) => void;
  };

/**
 * Reads the state of everything wanted. A registry that does not answer is a value in the result. When the signal
 * aborts, the observations until then are returned, for contents those of each digest.
 */
export async function readObservations(
  wanted: Wanted,
  options: ObservationOptions & ObservationPorts,
  signal: AbortSignal,
): Promise<Observations> {
  const { mirror, progress, workers } = options;
  const { targets, hidden } = makeTargets(wanted, mirror);
  const observations = new Map<Repository, Observation>(hidden);
  const asked = targets.map(({ asked: repository, list }) => ({ repository, list }));
  const context = {
    ...options,
    listings: new ListingStrategy(asked),
    wanted: new ListingStates(),
    confirmsAbsence: true,
    contents: pLimit(workers),
    show: ({ destinations }: Target, observation: Observation) => {
      for (const destination of destinations) observations.set(destination, observation);
    },
  };
  progress.begin('inventory', targets.length);
  try {
    await forEachConcurrently(targets, { workers, signal }, async (target) => {
      await look(target, context, signal);
      progress.advance();
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  progress.end();
  return observations;
}

async function look(target: Target, context: ObservationContext, signal: AbortSignal): Promise<void> {
  const { asked, list } = target;
  const { listings, mirror } = context;
  // a mirror's lists do not prove that it serves the content, so it is queried as clients pull from it
  if (mirror !== undefined) listings.refuse(asked);
  const state = await orGivenUp(readWhole(asked, list, { ...context, signal }), signal);
  const named = list.wants.filter((want) => needsContentCheck(want, state, context));
  const flaws = new Map<Digest, Flaw>();
  const unchecked = new Set(named.map(({ digest }) => digest));
  context.show(target, { asked, state, flaws, unchecked });
  const content = new ContentCheck(asked, context.registry, context);
  await forEachConcurrently(Array.from(unchecked), { workers: context.workers, signal }, async (digest) => {
    const found = await context.contents(() => findFlaw(digest, { asked, content, context }, signal));
    if (found !== undefined) flaws.set(digest, found);
    unchecked.delete(digest);
  });
}

/** If a tag is missing, the report also says whether its digest exists. */
async function readWhole(
  repository: Repository,
  list: WantList,
  asking: DestinationQuery,
): Promise<ReadState> {
  const state = await readDestination(repository, list, asking);
  const wants = state.complete ? [] : openWants(list, state).filter(({ tagless }) => tagless === undefined);
  return wants.length === 0 ? state : readDigests(repository, { state, wants }, asking);
}

function needsContentCheck(
  want: Want,
  state: DestinationState,
  { deep, mirror }: ObservationContext,
): boolean {
  if (!deep && mirror === undefined) return false;
  return hasTag(want, state) || (deep && hasDigest(want, state));
}

function findFlaw(
  digest: Digest,
  { asked, content, context }: { asked: Repository; content: ContentCheck; context: ObservationContext },
  signal: AbortSignal,
): Promise<Flaw | undefined> {
  const missing = context.deep
    ? content.findMissing(digest, signal)
    : findMissingName(context.registry, { asked, digest }, signal);
  return orUnreadable(missing.then(flawOf), signal);
}

function hasTag({ digest, tags }: Want, state: DestinationState): boolean {
  return tags.some(({ tag }) => isPresent(state, digest, tag));
}

function hasDigest({ digest, tagless }: Want, state: DestinationState): boolean {
  return tagless !== undefined && isPresent(state, digest, undefined);
}

/** A mirror may know a tag, but redirect the request for its digest to a backend that lacks it. */
async function findMissingName(
  registry: ReadRegistry,
  { asked, digest }: { asked: Repository; digest: Digest },
  signal: AbortSignal,
): Promise<Missing> {
  const there = await registry.resolve(asked, digest, signal);
  return { names: there === undefined ? [`manifest ${digest}`] : [], left: 0 };
}

/** Number of missing parts that a reason names. */
const NAMED = 3;

export function flawOf({ names, left }: Missing): Flaw | undefined {
  if (names.length === 0) return undefined;
  const more = names.length > NAMED ? `, and ${names.length - NAMED} more` : '';
  const unchecked = left > 0 ? `; ${left} other parts were not checked` : '';
  const shown = names.toSorted().slice(0, NAMED).join(', ');
  return { kind: 'incomplete', reason: `the manifest exists, but not ${shown}${more}${unchecked}` };
}
