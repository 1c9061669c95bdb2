import { forEachInLanes } from '../../base/concurrency.ts';
import { isAbort } from '../../base/errors.ts';
import type { Digest } from '../../image/digest.ts';
import { hostOf, type Repository } from '../../image/repository.ts';
import { edgeId, isWritable, type PlanItem } from '../../plan/plan.ts';
import type { Carrying } from '../apply-plan.ts';
import { ContentCopier, type ContentPorts } from '../content-copier.ts';

/** An image that is at its destination, or would be after a dry run. */
export interface CarriedImage {
  readonly destination: Repository;
  readonly digest: Digest;
  readonly sources: readonly Repository[];
  readonly edges: readonly string[];
  /** False for an image that a dry run does not write. */
  readonly isPresent: boolean;
}

export interface CompletionPorts extends ContentPorts {
  readonly carrying: Carrying;
  /** Without it nothing is written. */
  readonly confirm: boolean;
  /** Called after each image. */
  readonly advance?: () => void;
}

/** Concurrent images of each destination host. */
const WORKERS = 8;

/**
 * Copies the attachments that images at their destinations lack: after an earlier run failed, or because they were made
 * later. A failure is recorded for its own image.
 */
export async function completeAttachments(
  images: readonly CarriedImage[],
  ports: CompletionPorts,
  signal: AbortSignal,
): Promise<void> {
  const { carrying, confirm, stopping, advance = () => {} } = ports;
  const { carrier, record } = carrying;
  if (images.length === 0) return;
  const content = new ContentCopier(ports);
  const ending = AbortSignal.any([stopping, signal]);
  const laneOf = ({ destination }: CarriedImage) => hostOf(destination);
  try {
    await forEachInLanes(images, { laneOf, workers: WORKERS, signal: ending }, async (image) => {
      const { edges } = image;
      try {
        if (confirm) record.add(edges, await carrier.carry(image, content, signal));
        else record.plan(edges, await carrier.missing(image, signal));
      } catch (error) {
        if (ending.aborted || isAbort(error, ending)) throw error;
        record.fail(edges, error);
      }
      advance();
    });
  } catch (error) {
    if (!ending.aborted) throw error;
  } finally {
    await content.close();
  }
}

/**
 * The images at their destinations, each once for each of them: `present` edges, and in a dry run those to be written. A
 * confirmed run carries the attachments of the images that it writes along with them.
 */
export function imagesToComplete(
  present: readonly PlanItem[],
  { items, confirm }: { readonly items: readonly PlanItem[]; readonly confirm: boolean },
): readonly CarriedImage[] {
  const images = new Map<string, CarriedImage & { readonly edges: string[] }>();
  const written = present.length === 0 && confirm ? [] : items.filter(isWritable);
  for (const item of [...written, ...present]) {
    const { destination, digest, sources, decision } = item;
    const key = keyOf(item);
    const known = images.get(key);
    if (known !== undefined) known.edges.push(edgeId(item));
    else {
      const isPresent = decision !== 'copy';
      images.set(key, { destination, digest, sources, edges: [edgeId(item)], isPresent });
    }
  }
  if (confirm) for (const item of written) images.delete(keyOf(item));
  return Array.from(images.values());
}

function keyOf({ destination, digest }: PlanItem): string {
  return `${destination} ${digest}`;
}
