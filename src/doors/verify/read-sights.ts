import { forEachConcurrently } from '../../base/concurrency.ts';
import type { Want, Wanted, WantList } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { DestinationState, ReadState } from '../../inventory/inventory.ts';
import { ListingHabits } from '../../inventory/listing-habits.ts';
import { orUnreadable } from '../../inventory/or-unreadable.ts';
import { type Asking, openWants, readDestination, readDigests } from '../../inventory/read-destination.ts';
import { WantedThere } from '../../inventory/wanted-there.ts';
import { isPresent } from '../../plan/decide-edge.ts';
import type { Progress } from '../../ports/progress.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { ContentCheck } from './content-check.ts';
import type { Front } from './front.ts';
import type { Flaw, Sight, Sights } from './sight.ts';
import { makeViews, type View } from './view.ts';

export interface LookingPorts {
  readonly registry: ReadRegistry;
  readonly progress: Progress;
}

export interface LookingOptions {
  /** Where to look instead of at the destinations. */
  readonly front: Front | undefined;
  /** Whether to look at all that the manifests lead to. */
  readonly deep: boolean;
  /** Repositories at a time, and digests at a time in each; the transport bounds the requests. */
  readonly workers: number;
}

type Looking = LookingPorts & LookingOptions & Pick<Asking, 'habits' | 'wanted'>;

/**
 * Looks at everything wanted. A registry that does not answer is a value in the result; once the signal aborts, what
 * has been seen until then is the result.
 */
export async function readSights(
  wanted: Wanted,
  options: LookingOptions & LookingPorts,
  signal: AbortSignal,
): Promise<Sights> {
  const { front, progress, workers } = options;
  const { views, hidden } = makeViews(wanted, front);
  const sights = new Map<Repository, Sight>(hidden);
  const asked = views.map(({ asked: repository, list }) => ({ repository, list }));
  const looking = { ...options, habits: new ListingHabits(asked), wanted: new WantedThere() };
  progress.begin('inventory', views.length);
  try {
    await forEachConcurrently(views, { workers, signal }, async (view) => {
      const sight = await look(view, looking, signal);
      for (const destination of view.destinations) sights.set(destination, sight);
      progress.advance();
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  progress.end();
  return sights;
}

async function look(view: View, looking: Looking, signal: AbortSignal): Promise<Sight> {
  const { asked, list } = view;
  const { habits, front } = looking;
  // what a front lists says nothing of what it serves: it is asked as whoever pulls from it asks
  if (front !== undefined) habits.learnRefusal(asked);
  const state = await orUnreadable(readWhole(asked, list, { ...looking, signal }), signal);
  return { asked, state, flaws: await findFlaws(view, { state, looking }, signal) };
}

/** Where a tag is missing it is worth knowing whether its digest is, too. */
async function readWhole(repository: Repository, list: WantList, asking: Asking): Promise<ReadState> {
  const state = await readDestination(repository, list, asking);
  const wants = state.complete ? [] : openWants(list, state).filter(({ tagless }) => tagless === undefined);
  return wants.length === 0 ? state : readDigests(repository, { state, wants }, asking);
}

async function findFlaws(
  { asked, list }: View,
  { state, looking }: { state: DestinationState; looking: Looking },
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, Flaw>> {
  const flaws = new Map<Digest, Flaw>();
  const { deep, front, registry, workers } = looking;
  if (!deep && front === undefined) return flaws;
  const content = new ContentCheck(asked, registry);
  const named = list.wants.filter((want) => hasTag(want, state) || (deep && hasDigest(want, state)));
  await forEachConcurrently(named, { workers, signal }, async ({ digest }) => {
    const missing = deep
      ? content.findMissing(digest, signal)
      : findMissingName(registry, { asked, digest }, signal);
    const found = await orUnreadable(missing.then(flawOf), signal);
    if (found !== undefined) flaws.set(digest, found);
  });
  return flaws;
}

function hasTag({ digest, tags }: Want, state: DestinationState): boolean {
  return tags.some(({ tag }) => isPresent(state, digest, tag));
}

function hasDigest({ digest, tagless }: Want, state: DestinationState): boolean {
  return tagless !== undefined && isPresent(state, digest, undefined);
}

/** A front may know a tag and send the question for its digest where there is no such thing. */
async function findMissingName(
  registry: ReadRegistry,
  { asked, digest }: { asked: Repository; digest: Digest },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const there = await registry.resolve(asked, digest, signal);
  return there === undefined ? [`manifest ${digest}`] : [];
}

/** Of what is missing so many are named. */
const NAMED = 3;

function flawOf(missing: readonly string[]): Flaw | undefined {
  if (missing.length === 0) return undefined;
  const more = missing.length > NAMED ? `, and ${missing.length - NAMED} more` : '';
  const names = missing.toSorted().slice(0, NAMED).join(', ');
  return { kind: 'incomplete', reason: `it is there by name, but not ${names}${more}` };
}
