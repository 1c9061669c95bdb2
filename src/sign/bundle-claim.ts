import type { Attachment } from '../attachments/attachment.ts';
import { CodedError } from '../base/errors.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { annotationsOf, type RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import { BUNDLE, BUNDLE_ANNOTATIONS } from '../signature/media-types.ts';
import { type Bundle, bundleManifest, EMPTY_CONFIG } from './bundle-referrer.ts';
import type { Claim } from './claim.ts';
import type { Signatory } from './signatory.ts';
import type { SignatureStore } from './signature-store.ts';
import type { MissingPart } from './signing.ts';

/** The statement of a bundle, and the manifests that it is attached to. */
export interface BundleSpec {
  readonly part: MissingPart;
  readonly predicateType: string;
  /** The manifests that it is attached to: children first, the image last. */
  readonly holders: () => Promise<readonly Descriptor[]>;
  /** The digests that it names, among them the image itself. Unset: the image alone. */
  readonly covers: (subjects: readonly string[]) => Promise<boolean>;
  readonly statement: () => Promise<Uint8Array>;
}

export interface ClaimPorts {
  readonly store: SignatureStore;
  readonly signatory: Signatory;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Whether a bundle is looked for at every manifest, although the image has it. */
  readonly thorough: boolean;
}

/** Verified bundles of one predicate type at one manifest. Without a limit anyone who can push could stall a run. */
const MAX_CANDIDATES = 64;

export class TooManyBundles extends CodedError<'too-many'> {}

/**
 * A Sigstore bundle: one for all destinations. It is attached to the children of an index before the index itself, so the
 * image has it last: a bundle there is at the children too, and a run that was killed has left it at the first child.
 */
export class BundleClaim implements Claim {
  readonly part: MissingPart;
  readonly #image: Digest;
  readonly #spec: BundleSpec;
  readonly #ports: ClaimPorts;
  /** The bundle in a manifest, if it is this claim. Destinations share manifests. */
  readonly #judged = new SingleFlight<Digest, Bundle | undefined>();
  readonly #signed = new SingleFlight<'bundle', Bundle>();
  #copy: Bundle | undefined;

  constructor(image: Digest, spec: BundleSpec, ports: ClaimPorts) {
    this.part = spec.part;
    this.#image = image;
    this.#spec = spec;
    this.#ports = ports;
  }

  async examine(repository: Repository, signal: AbortSignal): Promise<boolean> {
    const isPresent = await this.#find(repository, this.#image, signal);
    if (isPresent && !this.#ports.thorough) return true;
    const children = (await this.#spec.holders()).filter(({ digest }) => digest !== this.#image);
    for (const { digest } of children) if (!(await this.#find(repository, digest, signal))) return false;
    return isPresent;
  }

  async store(repository: Repository, signal: AbortSignal): Promise<void> {
    const { store } = this.#ports;
    await store.sendBlob(repository, EMPTY_CONFIG, signal); // first, so that nothing is signed for a repository that refuses blobs
    const bundle = this.#copy ?? (await this.#signed.run('bundle', () => this.#sign(signal)));
    await store.sendBlob(repository, bundle.bytes, signal);
    for (const holder of await this.#spec.holders())
      await store.attach(
        repository,
        { subject: holder.digest, manifest: bundleManifest(bundle, holder) },
        signal,
      );
  }

  async #sign(signal: AbortSignal): Promise<Bundle> {
    const { predicateType, statement } = this.#spec;
    const bytes = await this.#ports.signatory.signStatement(await statement(), signal);
    const created = new Date(this.#ports.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    return { bytes, predicateType, created };
  }

  /** True if the manifest has a valid bundle of this claim. */
  async #find(repository: Repository, subject: Digest, signal: AbortSignal): Promise<boolean> {
    const attached = await this.#ports.store.referrersOf(repository, subject, signal);
    const candidates = attached.filter((attachment) => this.#isCandidate(attachment));
    for (const attachment of candidates.slice(0, MAX_CANDIDATES)) {
      const { digest } = attachment.manifest;
      const judge = () => this.#judge({ repository, subject, attachment }, signal);
      const bundle = await this.#judged.run(digest, judge);
      if (bundle !== undefined) {
        this.#copy ??= bundle;
        return true;
      }
      this.#judged.forget(digest); // the manifest may be broken at this destination alone
    }
    if (candidates.length <= MAX_CANDIDATES) return false;
    const message = `${repository}@${subject} has ${candidates.length} bundles of the type ${this.#spec.predicateType}, and the first ${MAX_CANDIDATES} are by other signers: delete some`;
    throw new TooManyBundles('too-many', message);
  }

  /** A registry may list referrers without their annotations. */
  #isCandidate({ artifactType, annotations }: Attachment): boolean {
    const predicateType = annotations[BUNDLE_ANNOTATIONS.predicateType] ?? this.#spec.predicateType;
    return (artifactType === BUNDLE || artifactType === '') && predicateType === this.#spec.predicateType;
  }

  async #judge(
    at: { readonly repository: Repository; readonly subject: Digest; readonly attachment: Attachment },
    signal: AbortSignal,
  ): Promise<Bundle | undefined> {
    const read = await this.#ports.store.readReferrer(at, signal);
    if (read === undefined) return undefined;
    for (const stored of read.signatures) {
      if (stored.kind !== 'bundle') continue;
      const found = await this.#ports.signatory.recognize(stored, signal);
      if (found?.statement?.predicateType !== this.#spec.predicateType) continue;
      if (await this.#spec.covers(found.subjects))
        return { bytes: stored.bytes, ...this.#fieldsOf(read.manifest) };
    }
    return undefined;
  }

  #fieldsOf(manifest: RawManifest): Pick<Bundle, 'predicateType' | 'created'> {
    const { created } = BUNDLE_ANNOTATIONS;
    return { predicateType: this.#spec.predicateType, created: annotationsOf(manifest)[created] ?? '' };
  }
}
