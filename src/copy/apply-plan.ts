import { forEachInLanes } from '../base/concurrency.ts';
import { failureBefore, isAbort, messageOf } from '../base/errors.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Reference } from '../image/reference.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { type EdgeId, edgeId, type Plan } from '../plan/plan.ts';
import type { Clock } from '../ports/clock.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry, WriteRegistry } from '../ports/registry.ts';
import type { Spool } from '../ports/spool.ts';
import { type Batch, collectBatches, type DigestPromotion } from './batches.ts';
import { BlobCopier } from './blobs/blob-copier.ts';
import { BlobFanOut } from './blobs/blob-fan-out.ts';
import { ContentCopier } from './content-copier.ts';
import { abandoned, copiedWith, failed, type Outcome, type Outcomes, unfinished } from './outcome.ts';

export interface CopyPorts {
  readonly source: ReadRegistry;
  readonly destination: WriteRegistry;
  /** Where large blobs are that several hosts want. */
  readonly spool: Spool;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Requests that the transport lets through at a time: no more blobs than that are in transfer to one host. */
  readonly threads: number;
  /** When it aborts nothing new is begun, and what is in flight is finished. */
  readonly stopping: AbortSignal;
}

/** Batches at a time for each host: enough to keep every slot of the transport busy. */
const BATCHES = 32;

/**
 * Does what the plan says, and nothing else. For each image everything it leads to comes first and its tags last; a
 * tag that is there by then as another digest is never moved.
 *
 * Never throws for a registry's sake: a failure is the outcome of its own edges. An aborted `signal` ends requests in
 * flight; what has no outcome by then was not begun.
 */
export async function applyPlan(plan: Plan, ports: CopyPorts, signal: AbortSignal): Promise<Outcomes> {
  const run = new Application(ports);
  const batches = collectBatches(plan);
  const ending = AbortSignal.any([ports.stopping, signal]);
  ports.progress.begin(
    'copy',
    batches.reduce((sum, batch) => sum + batch.promotions.length, 0),
  );
  try {
    const laneOf = ({ destination }: Batch) => hostOf(destination);
    await forEachInLanes(batches, { laneOf, workers: BATCHES, signal: ending }, (batch) =>
      run.promote(batch, signal),
    );
  } catch (error) {
    if (!ending.aborted) throw error;
  } finally {
    await run.close();
  }
  ports.progress.end();
  return run.outcomes;
}

class Application {
  readonly outcomes = new Map<EdgeId, Outcome>();
  readonly #ports: CopyPorts;
  readonly #content: ContentCopier;
  readonly #supply: BlobFanOut;

  constructor(ports: CopyPorts) {
    const { source, destination, clock, threads, stopping } = ports;
    this.#supply = new BlobFanOut(ports);
    const blobs = new BlobCopier({ supply: this.#supply, destination, clock, transfers: threads, stopping });
    this.#ports = ports;
    this.#content = new ContentCopier({ source, destination, blobs, clock, stopping });
  }

  close(): Promise<void> {
    return this.#supply.close();
  }

  async promote(batch: Batch, signal: AbortSignal): Promise<void> {
    const promoteOne = async (promotion: DigestPromotion) => {
      const ready = await this.#prepare(promotion, signal);
      if (ready !== undefined) await this.#write(ready, signal);
    };
    await Promise.all(batch.promotions.map(promoteOne));
  }

  /** Everything but the manifest itself; undefined where that failed. */
  async #prepare(promotion: DigestPromotion, signal: AbortSignal): Promise<Ready | undefined> {
    const siblings = new Set<Repository>();
    const task = { ...promotion, onSibling: (sibling: Repository) => void siblings.add(sibling) };
    try {
      const read = promotion.copies
        ? this.#content.copyBelow(task, signal)
        : this.#content.readRoot(task, signal);
      return { promotion: task, manifest: await read, siblings };
    } catch (error) {
      const outcome = this.#isStop(error, signal)
        ? unfinished(failureBefore(error, signal))
        : failedBy(error, signal);
      this.#settle(promotion, outcome);
      return undefined;
    } finally {
      this.#ports.progress.advance();
    }
  }

  async #write(ready: Ready, signal: AbortSignal): Promise<void> {
    const { tags, tagless, digest } = ready.promotion;
    const writeTag = async ({ tag, item }: DigestPromotion['tags'][number]) => {
      this.outcomes.set(edgeId(item), await this.#put(ready, tag, signal));
    };
    // the first one alone: what the registry misses is then copied again only once
    const [first, ...rest] = tags;
    if (first !== undefined) await writeTag(first);
    await Promise.all(rest.map(writeTag));
    if (tagless === undefined) return;
    const isTagged = tags.some(({ item }) => this.outcomes.get(edgeId(item))?.result === 'copied');
    const outcome = isTagged ? copiedWith(ready.siblings) : this.#put(ready, digest, signal);
    this.outcomes.set(edgeId(tagless), await outcome);
  }

  async #put(
    { promotion, manifest, siblings }: Ready,
    reference: Reference,
    signal: AbortSignal,
  ): Promise<Outcome> {
    try {
      await this.#content.put(promotion, { reference, manifest }, signal);
      return copiedWith(siblings);
    } catch (error) {
      return failedBy(error, signal);
    }
  }

  /** What goes wrong while a run is being stopped has its own reason, unless that is the stop. */
  #isStop(error: unknown, signal: AbortSignal): boolean {
    const { stopping } = this.#ports;
    return stopping.aborted && (signal.aborted || isAbort(error, stopping));
  }

  #settle(promotion: DigestPromotion, outcome: Outcome): void {
    for (const { item } of promotion.tags) this.outcomes.set(edgeId(item), outcome);
    if (promotion.tagless !== undefined) this.outcomes.set(edgeId(promotion.tagless), outcome);
  }
}

interface Ready {
  readonly promotion: DigestPromotion;
  readonly manifest: RawManifest;
  /** Those that content was read from because no source had it. */
  readonly siblings: ReadonlySet<Repository>;
}

function failedBy(error: unknown, signal: AbortSignal): Outcome {
  return signal.aborted ? abandoned(failureBefore(error, signal)) : failed(messageOf(error));
}
