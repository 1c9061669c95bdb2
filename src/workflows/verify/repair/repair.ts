import { forEachInLanes } from '../../../base/concurrency.ts';
import { ContentSender } from '../../../copy/content-sender.ts';
import type { Wanted } from '../../../edges/wanted.ts';
import type { Digest } from '../../../image/digest.ts';
import { hostOf, type Repository } from '../../../image/repository.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Progress } from '../../../ports/progress.ts';
import type { ReadRegistry, WriteRegistry } from '../../../ports/registry.ts';
import type { Spool } from '../../../ports/spool.ts';
import { orUnreadable } from '../../../ports/unreadable.ts';
import { ContentCheck } from '../content-check.ts';
import type { Flaw, Observations } from '../observation.ts';
import { flawOf } from '../read-observations.ts';
import { describeOutcome, describePlan } from './describe-repair.ts';
import { type Examination, type FlawedImage, type Piece, piecesOf } from './examination.ts';
import { Examiner } from './examiner.ts';
import { type DamagedImage, findDamagedImages } from './find-damaged-images.ts';
import { ImageRepairer, type PieceOutcome } from './image-repairer.ts';

/** The ports of a confirmed repair; without them nothing can be written. */
export interface RepairPorts {
  /** For destinations only: its reads may request the right to write. */
  readonly registry: WriteRegistry;
  readonly spool: Spool;
  readonly clock: Clock;
  /** Ends writes in flight. */
  readonly signal: AbortSignal;
  /** Called when the repair of an image has ended. */
  readonly ended: (repair: Repair) => void;
}

export interface Repairing {
  readonly registry: ReadRegistry;
  readonly progress: Progress;
  /** Concurrent images at each host, and concurrent reads of blobs. */
  readonly workers: number;
  /** When it aborts, no new work is started. */
  readonly stopping: AbortSignal;
  /** Undefined for a dry run. */
  readonly writing: RepairPorts | undefined;
}

/** The findings about a flawed image, and the result of its repair. */
export interface Repair {
  readonly image: FlawedImage;
  /** Undefined if its content could not be examined. */
  readonly examination: Examination | undefined;
  /** The flaw that is left; undefined if there is none, and nothing had to be sent. */
  readonly flaw: Flaw | undefined;
}

export interface Repairs {
  readonly repairs: readonly Repair[];
  /** Of the pieces to send; empty in a dry run. */
  readonly outcomes: ReadonlyMap<Piece, PieceOutcome>;
}

/**
 * Examines every flawed image and, if confirmed, sends its missing and damaged content. Images that a stopped run has
 * not reached are not in the result.
 */
export async function repair(wanted: Wanted, observations: Observations, ports: Repairing): Promise<Repairs> {
  const { registry: source, progress, workers, stopping, writing } = ports;
  const destination = writing?.registry ?? source;
  const sender = writing && openSender(writing, { source, threads: workers, stopping });
  const mending = writing &&
    sender && { repairer: new ImageRepairer({ destination, sender, stopping }), signal: writing.signal };
  const examiner = new Examiner({ source, destination }, { workers });
  const flawed = findDamagedImages(wanted, observations);
  const repairs: Repair[] = [];
  progress.begin('repair', flawed.length);
  const laneOf = ({ image }: DamagedImage) => hostOf(image.destination);
  try {
    await forEachInLanes(flawed, { laneOf, workers, signal: stopping }, async (one) => {
      const ended = await repairImage(one, { destination, examiner, mending, stopping });
      repairs.push(ended);
      writing?.ended(ended);
      progress.advance();
    });
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    await sender?.close();
  }
  progress.end();
  return { repairs, outcomes: mending?.repairer.outcomes ?? new Map() };
}

function openSender(
  { registry: destination, spool, clock }: RepairPorts,
  rest: { readonly source: ReadRegistry; readonly threads: number; readonly stopping: AbortSignal },
): ContentSender {
  return new ContentSender({ destination, spool, clock, ...rest });
}

interface Tools extends Pick<Repairing, 'stopping'> {
  readonly destination: ReadRegistry;
  readonly examiner: Examiner;
  readonly mending: { readonly repairer: ImageRepairer; readonly signal: AbortSignal } | undefined;
}

async function repairImage({ image, flaw }: DamagedImage, tools: Tools): Promise<Repair> {
  const { destination, examiner, mending, stopping } = tools;
  const examined = await orUnreadable(examiner.examine(image, stopping), stopping);
  if ('kind' in examined) return { image, examination: undefined, flaw: examined };
  if (examined.piece === undefined) return { image, examination: examined, flaw: undefined };
  const pieces = piecesOf(examined);
  if (mending === undefined) return { image, examination: examined, flaw: describePlan(flaw, pieces) };
  const { repairer, signal } = mending;
  const isMended = await repairer.mend(image, examined, signal);
  const left = isMended ? await lookAgain(image, destination, signal) : flaw;
  return { image, examination: examined, flaw: describeOutcome(left, pieces, repairer.outcomes) };
}

/** The flaw of an image after all of its content was sent. */
function lookAgain(
  { destination, digest }: FlawedImage,
  registry: ReadRegistry,
  signal: AbortSignal,
): Promise<Flaw | undefined> {
  const content = new ContentCheck(destination, registry, { reads: true });
  return orUnreadable(content.findMissing(digest, signal).then(flawOf), signal);
}

/** The observations with the flaws that are left. Pure. */
export function withRepairs(observations: Observations, { repairs }: Repairs): Observations {
  const changed = new Map<Repository, Map<Digest, Flaw>>();
  for (const { image, flaw } of repairs) {
    const { destination, digest } = image;
    const flaws = changed.get(destination) ?? new Map(observations.get(destination)?.flaws);
    changed.set(destination, flaws);
    if (flaw === undefined) flaws.delete(digest);
    else flaws.set(digest, flaw);
  }
  return new Map(
    Array.from(observations, ([repository, observation]) => {
      return [repository, { ...observation, flaws: changed.get(repository) ?? observation.flaws }];
    }),
  );
}
