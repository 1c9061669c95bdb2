import { CodedError, isAbort, messageOf } from '../../../base/errors.ts';
import { SingleFlight } from '../../../base/single-flight.ts';
import type { ContentSender, SendTask } from '../../../copy/content-sender.ts';
import type { RawManifest } from '../../../image/oci-manifest.ts';
import { hostOf, type Repository } from '../../../image/repository.ts';
import type { ReadRegistry } from '../../../ports/registry.ts';
import { type BlobPiece, type Examination, type FlawedImage, isDamage, type Piece } from './examination.ts';

/** A registry that accepts content but still serves the damaged data. */
export class StoreError extends CodedError<'kept-damaged'> {}

/** The result of sending a piece. */
export type PieceOutcome =
  | { readonly result: 'sent' }
  | { readonly result: 'failed' | 'not-attempted'; readonly reason: string };

const STOPPED: PieceOutcome = { result: 'not-attempted', reason: 'the run was stopped before' };
const NOT_BELOW: PieceOutcome = { result: 'not-attempted', reason: 'its content could not be repaired' };

export interface RepairerPorts {
  readonly destination: ReadRegistry;
  readonly sender: ContentSender;
  readonly stopping: AbortSignal;
}

/** Sends the pieces of images, content before manifests, and reads each back: a success status proves nothing. */
export class ImageRepairer {
  readonly outcomes = new Map<Piece, PieceOutcome>();
  readonly #ports: RepairerPorts;
  readonly #flights = new SingleFlight<Piece, boolean>();

  constructor(ports: RepairerPorts) {
    this.#ports = ports;
  }

  /** Resolves to true if the manifest and everything that it references is intact now. Never throws. */
  async mend(
    image: FlawedImage,
    { piece, manifest, ...below }: Examination,
    signal: AbortSignal,
  ): Promise<boolean> {
    const mended = await Promise.all([
      ...below.children.map((child) => this.mend({ ...image, digest: child.digest }, child, signal)),
      ...below.blobs.map((blob) =>
        this.#send(blob, () => this.#sendBlob(taskOf(image, blob), blob, signal), signal),
      ),
    ]);
    if (piece === undefined) return true;
    if (mended.every(Boolean) && manifest !== undefined) {
      return this.#send(piece, () => this.#sendManifest(taskOf(image, piece), manifest, signal), signal);
    }
    this.outcomes.set(piece, manifest === undefined ? NOWHERE : NOT_BELOW);
    return false;
  }

  /** Sends each piece once, even if several images have it. */
  #send(piece: Piece, send: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
    return this.#flights.run(piece, async () => {
      const outcome = await this.#try(piece, send, signal);
      this.outcomes.set(piece, outcome);
      return outcome.result === 'sent';
    });
  }

  async #try(piece: Piece, send: () => Promise<void>, signal: AbortSignal): Promise<PieceOutcome> {
    if (piece.from === undefined) return NOWHERE;
    if (this.#ports.stopping.aborted) return STOPPED;
    try {
      await send();
      return { result: 'sent' };
    } catch (error) {
      const isStop = isAbort(error, signal) || isAbort(error, this.#ports.stopping);
      return isStop ? STOPPED : { result: 'failed', reason: messageOf(error) };
    }
  }

  async #sendBlob(task: SendTask, { blob }: BlobPiece, signal: AbortSignal): Promise<void> {
    const { destination, sender } = this.#ports;
    await sender.sendBlob(task, blob, signal);
    const check = { blob, extent: 'whole' } as const;
    if ((await destination.checkBlob(task.destination, check, signal)) === 'sound') return;
    throw keptDamaged(task.destination);
  }

  async #sendManifest(task: SendTask, manifest: RawManifest, signal: AbortSignal): Promise<void> {
    const { sender } = this.#ports;
    await sender.sendManifest(task, manifest, signal);
    if (await this.#isServed(task.destination, manifest, signal)) return;
    await sender.sendManifestAsBlob(task, manifest, signal);
    await sender.sendManifest(task, manifest, signal);
    if (await this.#isServed(task.destination, manifest, signal)) return;
    throw keptDamaged(task.destination);
  }

  async #isServed(repository: Repository, { digest }: RawManifest, signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.#ports.destination.fetchManifest(repository, digest, signal)) !== undefined;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }
}

const NOWHERE: PieceOutcome = { result: 'failed', reason: 'neither a source nor another destination has it' };

/** The task that sends a piece, from the first source that has it. */
function taskOf({ destination, sources }: FlawedImage, { from }: Piece): SendTask {
  const others = sources.filter((source) => source !== from);
  return { destination, sources: from === undefined || from === destination ? others : [from, ...others] };
}

function keptDamaged(repository: Repository): StoreError {
  const why = 'accepted it and still does not serve its bytes: it deduplicates by a damaged store';
  return new StoreError('kept-damaged', `${hostOf(repository)} ${why}`);
}
