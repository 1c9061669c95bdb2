import { forEachConcurrently } from '../base/concurrency.ts';
import { sortedBy } from '../base/sorted.ts';
import type { SignatureVerifier, Signer } from '../ports/signatures.ts';
import type { SignerIdentity } from '../signature/stored-signature.ts';
import type { Clock } from '../ports/clock.ts';
import type { Progress } from '../ports/progress.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { type ClaimContext, claimsOf, type SummaryContext } from './claims-of.ts';
import { examineImage, type ImageState } from './examine-image.ts';
import type { ImageToSign } from './images-to-sign.ts';
import type { PromotionFacts } from './promotion-statements.ts';
import { judgePlace, notAttempted, repairImage } from './repair-image.ts';
import { Signatory, type SignatoryPorts } from './signatory.ts';
import type { SignatureStore } from './signature-store.ts';
import type { SignedPlace, Signing, SigningPolicy } from './signing.ts';
import { StoreGate } from './store-gate.ts';

export interface SigningPorts {
  readonly signer: Signer;
  readonly verifier: SignatureVerifier;
  /** The identity of verification summaries, and the results that they state. Unset: there are none. */
  readonly summaries?: SummaryPorts | undefined;
  readonly store: SignatureStore;
  /** Reads the manifests of images. */
  readonly manifests: Pick<ReadRegistry, 'fetchManifest'>;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Nothing new is begun once it aborts. What is signed is stored. */
  readonly stopping: AbortSignal;
}

export interface SummaryPorts extends Omit<SummaryContext, 'claims'> {
  readonly signer: Signer;
}

export interface SigningTask {
  readonly images: readonly ImageToSign[];
  readonly policy: SigningPolicy;
  readonly facts: PromotionFacts;
  /** Without it nothing is signed or written. */
  readonly confirm: boolean;
}

/**
 * Signs and attests images whose signatures are missing. Each image is examined at all of its destinations first, and a
 * signature at one of them serves the others. Does not throw errors of registries or signers: a failure is the outcome of
 * its own destination. An image without an outcome of its own was not attempted.
 */
export async function signImages(
  task: SigningTask,
  ports: SigningPorts,
  signal: AbortSignal,
): Promise<Signing> {
  const { images, policy, confirm } = task;
  const { progress, stopping } = ports;
  const signer = new ImageSigner(task, ports);
  const outcomes = new Map<ImageToSign, readonly SignedPlace[]>();
  const ending = AbortSignal.any([stopping, signal]);
  progress.begin('sign', images.length);
  try {
    await forEachConcurrently(images, { workers: policy.workers, signal: ending }, async (image) => {
      const state = await signer.examine(image, signal);
      outcomes.set(image, confirm ? await signer.repair(state, signal) : placesOf(state));
      progress.advance();
    });
  } catch (error) {
    if (!ending.aborted) throw error;
  }
  progress.end();
  const places = images.flatMap((image) => outcomes.get(image) ?? skipped(image));
  return {
    places: sortedBy(places, ({ repository, digest }) => `${repository}@${digest}`),
    made: signer.made,
  };
}

/** The ports of a signer of images. Without a `signer` it examines, and repairs nothing. */
export interface ImageSignerPorts
  extends Omit<SigningPorts, 'signer' | 'progress'>,
    Pick<SignatoryPorts, 'signer' | 'accepts'> {}

/** Examines and repairs the signatures of images, as one identity. */
export class ImageSigner {
  readonly #context: ClaimContext;
  readonly #ports: ImageSignerPorts;
  readonly #own: Signatory;
  readonly #signatories: readonly Signatory[];
  readonly #gate = new StoreGate();

  constructor({ policy, facts }: Pick<SigningTask, 'policy' | 'facts'>, ports: ImageSignerPorts) {
    const { signer, accepts, verifier, stopping, store, manifests, clock, summaries } = ports;
    const claimsBy = (signatory: Signatory) => ({
      store,
      signatory,
      now: () => clock.wallTime(),
      thorough: policy.thorough ?? false,
    });
    const own = new Signatory({ signer, accepts, verifier, stopping });
    const summarizing =
      summaries &&
      (summaries.signer === signer ? own : new Signatory({ signer: summaries.signer, verifier, stopping }));
    this.#ports = ports;
    this.#own = own;
    this.#signatories = [own, ...(summarizing === undefined || summarizing === own ? [] : [summarizing])];
    this.#context = {
      policy,
      facts,
      manifests,
      claims: claimsBy(own),
      summaries: summaries && summarizing && { ...summaries, claims: claimsBy(summarizing) },
    };
  }

  /** True for an identity whose signatures count. */
  accepts(identity: SignerIdentity, signal: AbortSignal): Promise<boolean> {
    return this.#own.accepts(identity, signal);
  }

  /** Number of signatures made. */
  get made(): number {
    return this.#signatories.reduce((sum, { made }) => sum + made, 0);
  }

  /** The missing parts of an image. Nothing is written. Throws an abort. */
  async examine(image: ImageToSign, signal: AbortSignal): Promise<ImageState> {
    const { thorough = false } = this.#context.policy;
    return examineImage(image, claimsOf(image, this.#context, signal), { thorough, signal });
  }

  /** Signs and stores the missing parts. */
  async repair(state: ImageState, signal: AbortSignal): Promise<readonly SignedPlace[]> {
    return repairImage(state, { gate: this.#gate, stopping: this.#ports.stopping, signal });
  }
}

function placesOf({ digest, places }: ImageState): readonly SignedPlace[] {
  return places.map((place) => judgePlace(place, digest));
}

function skipped({ digest, places }: ImageToSign): readonly SignedPlace[] {
  return places.map(({ repository }) => notAttempted(repository, digest));
}
