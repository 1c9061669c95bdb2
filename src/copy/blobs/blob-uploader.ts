import { SingleFlight } from '../../base/single-flight.ts';
import { digestOf } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Clock } from '../../ports/clock.ts';
import type { WriteRegistry } from '../../ports/registry.ts';
import { BlobTransfer } from './blob-transfer.ts';
import { UploadOpener } from './upload-opener.ts';

/** Uploads blobs from memory, with the requests and retries of a copy. */
export class BlobUploader {
  readonly #destination: WriteRegistry;
  readonly #clock: Clock;
  readonly #uploads: UploadOpener;
  readonly #uploaded = new SingleFlight<string, unknown>();

  constructor({ destination, clock }: { readonly destination: WriteRegistry; readonly clock: Clock }) {
    this.#destination = destination;
    this.#clock = clock;
    this.#uploads = new UploadOpener(destination);
  }

  /** Uploads the bytes, once to each repository. Throws the error of the last attempt. */
  async upload(destination: Repository, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const blob = { digest: digestOf(bytes), mediaType: 'application/octet-stream', size: bytes.length };
    await this.#uploaded.run(`${destination}@${blob.digest}`, () =>
      this.#transferOf(bytes, signal).run(
        { blob, destination, sources: [destination] },
        { signal, opened: undefined },
      ),
    );
  }

  #transferOf(bytes: Uint8Array, stopping: AbortSignal): BlobTransfer {
    return new BlobTransfer({
      supply: {
        join: () => Promise.resolve({ open: () => Promise.resolve(bytes), leave: () => {} }),
        rest: (_blob, wait) => wait(),
        distrustSpool: () => {},
      },
      destination: this.#destination,
      uploads: this.#uploads,
      clock: this.#clock,
      transfers: 1, // each has a single blob
      stopping,
    });
  }
}
