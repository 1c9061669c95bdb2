import type { IgnoredAttachment } from '../../attachments/attachment.ts';
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

  add(edges: readonly EdgeId[], { carried, ignored }: CarriedAttachments): void {
    this.carried += carried.length;
    this.#ignore(edges, ignored);
  }

  plan(edges: readonly EdgeId[], { carried, ignored }: CarriedAttachments): void {
    this.planned += carried.length;
    this.#ignore(edges, ignored);
  }

  fail(edges: readonly EdgeId[], reason: string): void {
    this.failed.push({ edges, reason });
  }

  #ignore(edges: readonly EdgeId[], ignored: readonly IgnoredAttachment[]): void {
    for (const one of ignored) this.ignored.push({ ...one, edges });
  }
}
