import type { Attachment } from '../../attachments/attachment.ts';
import type { AttachmentFinder } from '../../attachments/attachment-finder.ts';
import { readAttachment } from '../../attachments/read-attachment.ts';
import { readSignatures } from '../../attachments/read-signatures.ts';
import { forEachConcurrently } from '../../base/concurrency.ts';
import { countOf } from '../../base/text.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import type { Digest } from '../../image/digest.ts';
import { annotationsOf } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import type { SignatureVerifier } from '../../ports/signatures.ts';
import { orUnreadable } from '../../ports/unreadable.ts';
import {
  BUNDLE_ANNOTATIONS,
  COSIGN_SIGNATURE,
  isBundleType,
  SIGN_PREDICATE,
} from '../../signature/media-types.ts';
import {
  type EvidenceType,
  evidenceTypeOf,
  type Evidence,
  type EvidenceSet,
} from '../../signature/policy/evidence.ts';
import { isProvenance } from '../../signature/policy/slsa-provenance.ts';
import type { VerifiedSignature } from '../../signature/stored-signature.ts';

export interface EvidencePorts {
  readonly finder: AttachmentFinder;
  readonly verifier: SignatureVerifier;
}

/** The registry of the sources, and the end of the run. */
export interface SourceReading {
  readonly source: ReadRegistry;
  readonly signal: AbortSignal;
}

/** Attachments of one image that are read: each takes two requests and some milliseconds. */
export const MAX_ATTACHMENTS = 64;

/** Concurrent reads for one image. */
const WORKERS = 4;

/** Reads and verifies the signatures and attestations of images, once for each digest of a repository. */
export class EvidenceReader {
  readonly #ports: EvidencePorts;
  readonly #read = new SingleFlight<string, EvidenceSet>();

  constructor(ports: EvidencePorts) {
    this.#ports = ports;
  }

  /** The signatures of an image, or its attestations. A read that fails is its `failure`. Throws when aborted. */
  of(
    image: { readonly repository: Repository; readonly digest: Digest },
    type: EvidenceType,
    reading: SourceReading,
  ): Promise<EvidenceSet> {
    const key = `${image.repository} ${image.digest} ${type}`;
    return this.#read.run(key, () => this.#collect({ ...image, type }, reading));
  }

  async #collect(image: Wanted, reading: SourceReading): Promise<EvidenceSet> {
    const { signal } = reading;
    const { repository, digest, type } = image;
    const { finder } = this.#ports;
    const found = await orUnreadable(finder.of(repository, digest, signal), signal);
    if ('kind' in found) return { items: [], incomplete: found.reason, failure: found.reason };
    const candidates = found.filter((one) => mayBe(type, one)).toSorted(byUse);
    const items: Evidence[] = [];
    let failure: string | undefined;
    const options = { workers: WORKERS, signal };
    await forEachConcurrently(candidates.slice(0, MAX_ATTACHMENTS), options, async (attachment) => {
      const read = await orUnreadable(this.#readOne(image, attachment, reading), signal);
      if ('kind' in read) failure ??= read.reason;
      else items.push(...read);
    });
    // an attachment without a digest is a tag that cannot be used, or a number of referrers that were not listed
    const left = finder.ignoredAt(repository, digest).find((one) => one.digest === undefined)?.reason;
    const isLimited = candidates.length > MAX_ATTACHMENTS;
    const limit = `${countOf(MAX_ATTACHMENTS, 'attachment')} of ${candidates.length} were read`;
    const incomplete = failure ?? left ?? (isLimited ? limit : undefined);
    return { items: items.toSorted(byPlace), incomplete, failure };
  }

  async #readOne(
    { repository, digest: subject, type }: Wanted,
    attachment: Attachment,
    { source, signal }: SourceReading,
  ): Promise<readonly Evidence[]> {
    const { verifier } = this.#ports;
    const read = await readAttachment(source, { repository, subject, attachment }, signal);
    if ('ignored' in read) return []; // it belongs to another image
    const { manifest } = read;
    // indexes under a referrers tag may lack the annotations of their entries
    const declared = declaredTypeOf(attachment, annotationsOf(manifest));
    if (declared !== undefined && declared !== type) return [];
    const { signatures, ignored } = await readSignatures(source, { repository, manifest }, signal);
    const common = {
      manifest: manifest.digest,
      where: placeOf(attachment),
      isTagged: attachment.place.kind === 'tag',
    };
    const evidence: Evidence[] = ignored.map((reason) => ({ ...common, type, kind: 'refused', reason }));
    for (const stored of signatures) {
      const verification = await verifier.verify(stored, signal);
      if (verification.kind === 'refused') {
        evidence.push({ ...common, ...verification, type: declared ?? type });
        continue;
      }
      const signature = withoutForeignPredicate(verification.signature);
      evidence.push({ ...common, kind: 'verified', signature, type: evidenceTypeOf(signature) });
    }
    return evidence.filter((one) => one.type === type);
  }
}

interface Wanted {
  readonly repository: Repository;
  readonly digest: Digest;
  readonly type: EvidenceType;
}

/** The type that an attachment declares. Undefined for a bundle without an annotation, and for an unknown artifact type. */
function declaredTypeOf(
  { artifactType, place, annotations: listed }: Attachment,
  annotations = listed,
): EvidenceType | undefined {
  if (place.kind === 'tag') return place.suffix === 'sig' ? 'signature' : 'attestation';
  if (artifactType === COSIGN_SIGNATURE) return 'signature';
  const predicateType = annotations[BUNDLE_ANNOTATIONS.predicateType];
  if (predicateType === undefined) return undefined;
  return predicateType === SIGN_PREDICATE ? 'signature' : 'attestation';
}

/** Other artifacts, such as SBOMs, are not read. */
function mayBe(type: EvidenceType, attachment: Attachment): boolean {
  const { artifactType, place } = attachment;
  if (place.kind === 'tag' && place.suffix === 'sbom') return false;
  const isKnown = place.kind === 'tag' || artifactType === COSIGN_SIGNATURE || isBundleType(artifactType);
  if (!isKnown && artifactType !== '') return false;
  const declared = declaredTypeOf(attachment);
  return declared === undefined || declared === type;
}

/** cosign's tags and provenance come first, so that others do not use up the limit. */
function byUse(a: Attachment, b: Attachment): number {
  return rankOf(a) - rankOf(b);
}

function rankOf({ annotations, place }: Attachment): number {
  if (place.kind === 'tag') return 0;
  return isProvenance(annotations[BUNDLE_ANNOTATIONS.predicateType] ?? '') ? 1 : 2;
}

function byPlace(a: Evidence, b: Evidence): number {
  return a.where < b.where ? -1 : Number(a.where > b.where);
}

function placeOf({ place, manifest }: Attachment): string {
  return place.kind === 'tag' ? `the tag .${place.suffix}` : `the referrer ${manifest.digest.slice(0, 19)}`;
}

/** Predicates other than provenance, such as SBOMs, are large and never compared. */
function withoutForeignPredicate(signature: VerifiedSignature): VerifiedSignature {
  const { statement } = signature;
  if (statement === undefined || isProvenance(statement.predicateType)) return signature;
  return { ...signature, statement: { predicateType: statement.predicateType, predicate: undefined } };
}
