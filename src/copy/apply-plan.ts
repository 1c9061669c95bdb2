import { forEachInLanes } from '../base/concurrency.ts';
import { failureBefore, isAbort, messageOf } from '../base/errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Reference } from '../image/reference.ts';
import { hostOf, type Repository } from '../image/repository.ts';
import { type EdgeId, edgeId, type Plan, type WritableItem } from '../plan/plan.ts';
import type { Progress } from '../ports/progress.ts';
import { hostFaultOf } from '../ports/registry-error.ts';
import { type Batch, collectBatches, type DigestPromotion } from './batches.ts';
import type { Route } from './blobs/blob-transfer.ts';
import type { AttachmentCarrier } from './carry/attachment-carrier.ts';
import type { CarryRecord } from './carry/carried.ts';
import { ContentCopier, type ContentPorts } from './content-copier.ts';
import type { CopyEvents, EndedEdge } from './copy-events.ts';
import { SentBytes } from './sent-bytes.ts';
import { abandoned, copiedWith, failed, type Outcome, type Outcomes, unfinished } from './outcome.ts';

export interface CopyPorts extends ContentPorts {
  readonly progress: Progress;
  /** Default: nobody is told before the end. */
  readonly events?: CopyEvents | undefined;
  /** Carries signatures and other attachments along with the images. Default: none are. */
  readonly carrying?: Carrying | undefined;
}

export interface Carrying {
  readonly carrier: AttachmentCarrier;
  readonly record: CarryRecord;
}

/** Concurrent batches of each host: enough to keep every slot of the transport busy. */
const BATCHES = 32;

/**
 * Writes the edges of the plan, and the attachments of their images. The content of an image comes first, then its
 * attachments, and its tags last: a visible tag has its signatures. A tag that has another digest by then is never moved.
 *
 * Does not throw registry errors: a failure is the outcome of its own edges. An aborted `signal` ends the requests in
 * flight. An edge without an outcome was not started.
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

  constructor(ports: CopyPorts) {
    this.#ports = ports;
    this.#content = new ContentCopier(ports);
  }

  close(): Promise<void> {
    return this.#content.close();
  }

  async promote(batch: Batch, signal: AbortSignal): Promise<void> {
    await Promise.all(batch.promotions.map((promotion) => this.#promoteOne(promotion, signal)));
  }

  async #promoteOne(promotion: DigestPromotion, signal: AbortSignal): Promise<void> {
    const { clock, progress, events } = this.#ports;
    const { destination, digest } = promotion;
    const begun = clock.monotonic();
    const sent = new SentBytes(promotion, progress);
    const tracked = { ...promotion, onBlob: (blob: Descriptor) => sent.beginBlob(blob) };
    const ready = await this.#prepare(tracked, signal);
    if (ready !== undefined) await this.#write(ready, signal);
    progress.advance();
    if (events === undefined) return;
    const edges = itemsOf(promotion).flatMap((item): EndedEdge[] => {
      const outcome = this.outcomes.get(edgeId(item));
      return outcome === undefined ? [] : [{ item, outcome }];
    });
    const durationMs = clock.monotonic() - begun;
    events.imageEnded({ destination, digest, edges, durationMs, bytes: sent.bytes });
  }

  /** Copies the content below the manifest, and the attachments. Undefined after a failure. */
  async #prepare(promotion: DigestPromotion, signal: AbortSignal): Promise<Ready | undefined> {
    const siblings = new Set<Repository>();
    const task = { ...promotion, onSibling: (sibling: Repository) => void siblings.add(sibling) };
    try {
      const read = promotion.copies
        ? this.#content.copyBelow(task, signal)
        : this.#content.readRoot(task, signal);
      const manifest = await read;
      await this.#carry(task, signal);
      return { promotion: task, manifest, siblings };
    } catch (error) {
      const outcome = this.#isStop(error, signal)
        ? unfinished(failureBefore(error, signal))
        : failedBy(error, signal);
      for (const item of itemsOf(promotion)) this.#end(item, outcome);
      return undefined;
    }
  }

  async #carry(promotion: DigestPromotion & Pick<Route, 'onSibling'>, signal: AbortSignal): Promise<void> {
    const { carrying } = this.#ports;
    if (carrying === undefined) return;
    const task = { ...promotion, isPresent: !promotion.copies };
    const carried = await carrying.carrier.carry(task, this.#content, signal);
    carrying.record.add(itemsOf(promotion).map(edgeId), carried);
  }

  async #write(ready: Ready, signal: AbortSignal): Promise<void> {
    const { tags, tagless, digest } = ready.promotion;
    const writeTag = async ({ tag, item }: DigestPromotion['tags'][number]) => {
      this.#end(item, await this.#put(ready, tag, signal));
    };
    // the first tag alone: content that the registry misses is then copied again only once
    const [first, ...rest] = tags;
    if (first !== undefined) await writeTag(first);
    await Promise.all(rest.map(writeTag));
    if (tagless === undefined) return;
    const isTagged = tags.some(({ item }) => this.outcomes.get(edgeId(item))?.result === 'copied');
    const outcome = isTagged ? copiedWith(ready.siblings) : this.#put(ready, digest, signal);
    this.#end(tagless, await outcome);
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

  /** While a run is being stopped, an error other than the abort keeps its own reason. */
  #isStop(error: unknown, signal: AbortSignal): boolean {
    const { stopping } = this.#ports;
    return stopping.aborted && (signal.aborted || isAbort(error, stopping));
  }

  #end(item: WritableItem, outcome: Outcome): void {
    this.outcomes.set(edgeId(item), outcome);
    this.#ports.events?.edgeEnded(item, outcome);
  }
}

function itemsOf({ tags, tagless }: DigestPromotion): readonly WritableItem[] {
  const tagged = tags.map(({ item }) => item);
  return tagless === undefined ? tagged : [...tagged, tagless];
}

interface Ready {
  readonly promotion: DigestPromotion & Pick<Route, 'onSibling'>;
  readonly manifest: RawManifest;
  /** Siblings that content was read from. */
  readonly siblings: ReadonlySet<Repository>;
}

function failedBy(error: unknown, signal: AbortSignal): Outcome {
  return signal.aborted
    ? abandoned(failureBefore(error, signal))
    : failed(messageOf(error), hostFaultOf(error));
}
