import { forEachConcurrently } from '../../base/concurrency.ts';
import { isAbort, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { hostFaultOf } from '../../ports/registry-error.ts';
import type { ImageState, PlaceState } from '../../sign/examine-image.ts';
import { readParts } from '../../sign/image-parts.ts';
import type { ImageToSign } from '../../sign/images-to-sign.ts';
import { judgePlace as judgeState } from '../../sign/repair-image.ts';
import type { ImageSigner } from '../../sign/sign-images.ts';
import type { MissingPart, SignedPlace, SigningPolicy } from '../../sign/signing.ts';
import { judgePlace } from './judge-place.ts';
import { isRepairable, type PlaceResult, STOPPED } from './place-result.ts';
import { type EvidencePorts, readEvidence } from './read-evidence.ts';

export interface CheckOptions {
  readonly policy: SigningPolicy;
  readonly confirm: boolean;
  /** Whether one form of a signature is enough: a bundle, or the tag `.sig`. */
  readonly anyForm: boolean;
  /** The expected signer in words. */
  readonly expected: string;
  /** `repository@digest` that need no attestation. */
  readonly withoutAttestation: ReadonlySet<string>;
}

export interface CheckPorts {
  readonly signer: Pick<ImageSigner, 'examine' | 'repair' | 'accepts'>;
  readonly evidence: Omit<EvidencePorts, 'accepts'>;
  /** Reads each manifest once. */
  readonly manifests: Pick<ReadRegistry, 'fetchManifest'>;
  readonly advance: () => void;
  readonly stopping: AbortSignal;
}

/** Examines images, explains those with problems and, if confirmed, repairs them. A stopped run has a result for each. */
export async function checkImages(
  images: readonly ImageToSign[],
  options: CheckOptions,
  { ports, signal }: { readonly ports: CheckPorts; readonly signal: AbortSignal },
): Promise<readonly PlaceResult[]> {
  const { policy } = options;
  const checker = new ImageChecker(options, ports, signal);
  const results = new Map<ImageToSign, readonly PlaceResult[]>();
  const ending = AbortSignal.any([ports.stopping, signal]);
  try {
    await forEachConcurrently(images, { workers: policy.workers, signal: ending }, async (image) => {
      results.set(image, await checker.check(image));
      ports.advance();
    });
  } catch (error) {
    if (!ending.aborted) throw error;
  }
  return images.flatMap((image) => results.get(image) ?? notChecked(image));
}

function notChecked({ digest, places }: ImageToSign): readonly PlaceResult[] {
  return places.map((place) => ({ place, digest, decision: 'not-checked', missing: [], reason: STOPPED }));
}

class ImageChecker {
  readonly #options: CheckOptions;
  readonly #ports: CheckPorts;
  readonly #signal: AbortSignal;

  constructor(options: CheckOptions, ports: CheckPorts, signal: AbortSignal) {
    this.#options = options;
    this.#ports = ports;
    this.#signal = signal;
  }

  async check(image: ImageToSign): Promise<readonly PlaceResult[]> {
    const { signer } = this.#ports;
    const examined = await signer.examine(image, this.#signal);
    const state = { ...examined, places: examined.places.map((place) => this.#expect(place, image.digest)) };
    const found = await Promise.all(state.places.map((place, index) => this.#judge(image, { place, index })));
    if (!this.#options.confirm || found.every(({ decision }) => !isRepairable(decision))) return found;
    return withRepairs(found, await this.#repair(state));
  }

  /** The state without the gaps that are none here. */
  #expect(place: PlaceState, digest: Digest): PlaceState {
    const { anyForm, withoutAttestation } = this.#options;
    const has = (part: MissingPart) => place.gaps.some(({ root }) => root.part === part);
    const isFormPresent =
      anyForm && !(has('signature') && (has('signature-tag') || !this.#options.policy.legacy));
    const gaps = place.gaps.filter(({ root: { part } }) => {
      if (part === 'attestation') return !withoutAttestation.has(`${place.repository}@${digest}`);
      return !(isFormPresent && (part === 'signature' || part === 'signature-tag'));
    });
    return { ...place, gaps };
  }

  async #judge(
    image: ImageToSign,
    { place: state, index }: { readonly place: PlaceState; readonly index: number },
  ): Promise<PlaceResult> {
    const { digest, places } = image;
    const { missing } = judgeState(state, digest);
    const base = { place: places[index] ?? state, digest, missing };
    const failed = (error: unknown): PlaceResult => ({
      ...base,
      decision: 'unreadable',
      reason: messageOf(error),
      fault: hostFaultOf(error),
    });
    if (state.failure !== undefined) return failed(state.failure);
    if (missing.length === 0) return { ...base, ...judgePlace({ ...NOTHING, missing }) };
    try {
      return { ...base, ...(await this.#explain(state, { digest, missing })) };
    } catch (error) {
      if (this.#signal.aborted || isAbort(error, this.#signal)) throw error;
      return failed(error);
    }
  }

  /** One more look at what is there: it is verified, and its signers are named. */
  async #explain(
    { repository }: PlaceState,
    { digest, missing }: { readonly digest: Digest; readonly missing: readonly MissingPart[] },
  ) {
    const { policy, expected } = this.#options;
    const { evidence: ports, manifests, signer } = this.#ports;
    const withChildren = policy.recursion !== 'none';
    const parts = await readParts({ repository, digest, withChildren }, manifests, this.#signal);
    const subjects = [digest, ...parts.slice(0, -1).map((part) => part.digest)];
    const accepts: EvidencePorts['accepts'] = (identity, signal) => signer.accepts(identity, signal);
    const reading = { ports: { ...ports, accepts }, hasTags: policy.legacy };
    const evidence = await readEvidence(repository, subjects, reading, this.#signal);
    return judgePlace({ missing, subjects, evidence, expected });
  }

  #repair(state: ImageState): Promise<readonly SignedPlace[]> {
    return this.#ports.signer.repair(state, this.#signal);
  }
}

const NOTHING = { subjects: [], evidence: [], expected: '' };

function withRepairs(
  found: readonly PlaceResult[],
  repaired: readonly SignedPlace[],
): readonly PlaceResult[] {
  return found.map((result, index): PlaceResult => {
    const { outcome, reason, fault } = repaired[index] ?? { outcome: 'present', reason: '' };
    if (outcome === 'signed') return { ...result, decision: 'repaired', reason: `before: ${result.reason}` };
    if (!isRepairable(result.decision) || reason === '') return result;
    return { ...result, reason: `${result.reason}; not repaired: ${reason}`, fault };
  });
}
