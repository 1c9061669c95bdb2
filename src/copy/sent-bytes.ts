import type { Descriptor } from '../image/descriptor.ts';
import { UNKNOWN_SIZE } from '../image/oci-manifest.ts';
import { hostOf } from '../image/repository.ts';
import type { BlobProgress, ImageProgress, Progress } from '../ports/progress.ts';
import type { DigestPromotion } from './batches.ts';

/** Characters of a digest that identify an image without tags. */
const SHORT_DIGEST = 'sha256:'.length + 12;

/** Counts the bytes that one image sends to one destination, and reports its blobs in flight. */
export class SentBytes {
  /** Of the blobs that arrived. */
  bytes = 0;
  readonly #shown: ImageProgress;

  constructor({ destination, tags, digest }: DigestPromotion, progress: Progress) {
    const [first] = tags;
    const repository = destination.slice(destination.lastIndexOf('/') + 1);
    const reference = first === undefined ? `@${digest.slice(0, SHORT_DIGEST)}` : `:${first.tag}`;
    this.#shown = progress.beginImage({ name: `${repository}${reference}`, host: hostOf(destination) });
  }

  beginBlob(blob: Descriptor): BlobProgress {
    const size = blob.size === UNKNOWN_SIZE ? 0 : blob.size;
    const shown = this.#shown.beginBlob(size);
    return {
      advance: (bytes) => shown.advance(bytes),
      restart: () => shown.restart(),
      end: (sent) => {
        if (sent) this.bytes += size;
        shown.end(sent);
      },
    };
  }
}
