import type { IgnoredAttachment } from '../../attachments/attachment.ts';
import { messageOf } from '../../base/errors.ts';
import type { Repository } from '../../image/repository.ts';
import type { EdgeId } from '../../plan/plan.ts';
import type { CarriedAttachments } from './attachment-carrier.ts';

/** The attachments of all images of a run. */
export interface CarryTotals {
  /** Written; each at each destination. */
  readonly carried: number;
  /** To be written, in a dry run. */
  readonly planned: number;
  readonly ignored: readonly IgnoredOfImage[];
  /** Images that were at their destination, and whose attachments could not be completed. */
  readonly failed: readonly FailedImage[];
}

/** An attachment that was ignored, with the edges of the image. */
export interface IgnoredOfImage extends IgnoredAttachment {
  /** The source of the image. */
  readonly from: Repository;
  readonly edges: readonly EdgeId[];
}

export interface FailedImage {
  readonly reason: string;
  readonly edges: readonly EdgeId[];
}

/** Counts the attachments of a run. */
export class CarryRecord implements CarryTotals {
  carried = 0;
  planned = 0;
  readonly ignored: IgnoredOfImage[] = [];
  readonly failed: FailedImage[] = [];

  add(edges: readonly EdgeId[], attachments: CarriedAttachments): void {
    this.carried += attachments.carried.length;
    this.#ignore(edges, attachments);
  }

  plan(edges: readonly EdgeId[], attachments: CarriedAttachments): void {
    this.planned += attachments.carried.length;
    this.#ignore(edges, attachments);
  }

  fail(edges: readonly EdgeId[], error: unknown): void {
    this.failed.push({ edges, reason: messageOf(error) });
  }

  #ignore(edges: readonly EdgeId[], { from, ignored }: CarriedAttachments): void {
    for (const one of ignored) this.ignored.push({ ...one, from, edges });
  }
}
