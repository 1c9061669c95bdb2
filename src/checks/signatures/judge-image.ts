import { forEachConcurrently } from '../../base/concurrency.ts';
import { isObject, type JsonObject, parseJsonObject } from '../../base/json.ts';
import { getOrMake } from '../../base/maps.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import { isIndexType } from '../../image/media-types.ts';
import type { RawManifest } from '../../image/oci-manifest.ts';
import { orUnreadable } from '../../ports/unreadable.ts';
import { judgeSignatures, type Outcome } from '../../signature/policy/evidence.ts';
import {
  judgeIndex,
  type OwnOutcome,
  type PlatformOutcome,
  ProvenanceJudge,
} from '../../signature/policy/judge-provenance.ts';
import type { ProvenancePolicy, SignaturePolicy } from '../../signature/policy/policy.ts';
import { TrustedSigners } from '../../signature/policy/trusted-signers.ts';
import type { EvidenceReader, SourceReading } from './evidence-reader.ts';
import type { Guard, GuardedImage } from './guarded-images.ts';

/** A policy and its outcome for an image. */
export interface Judged {
  readonly guard: Guard<unknown>;
  readonly outcome: Outcome;
}

/** A manifest, and the policies that hold for it. */
export type ImageToJudge = Pick<GuardedImage, 'repository' | 'digest' | 'signatures' | 'provenance'>;

interface JudgedBy {
  readonly judge: ProvenanceJudge;
  readonly guard: Guard<ProvenancePolicy>;
}

/** Platforms of an index, far above those of real images. */
const MAX_PLATFORMS = 128;

/** Platforms of an index that are read at a time. */
const WORKERS = 4;

/** Judges images by the policies that hold for them. */
export class ImageJudge {
  readonly #reader: EvidenceReader;
  readonly #signers = new Map<SignaturePolicy, Promise<TrustedSigners>>();
  readonly #judges = new Map<ProvenancePolicy, Promise<ProvenanceJudge>>();

  constructor(reader: EvidenceReader) {
    this.#reader = reader;
  }

  async signatures(image: ImageToJudge, reading: SourceReading): Promise<readonly Judged[]> {
    const judging = image.signatures.map(async (guard) => {
      const make = ({ signers }: SignaturePolicy) => TrustedSigners.compile(signers);
      const signers = await getOrMake(this.#signers, guard.policy, make);
      const evidence = await this.#reader.of(image, 'signature', reading);
      return { guard, outcome: judgeSignatures(evidence, { digest: image.digest, signers }) };
    });
    return await Promise.all(judging);
  }

  /** An index without provenance of its own is judged by its platforms. */
  provenance(image: ImageToJudge, reading: SourceReading): Promise<readonly Judged[]> {
    return this.#provenance(image, reading, (own, by) =>
      own.kind === 'absent' ? this.#byPlatforms(image, { ...by, own }, reading) : own,
    );
  }

  /** The same by the attestations of this very manifest alone. */
  ownProvenance(image: ImageToJudge, reading: SourceReading): Promise<readonly Judged[]> {
    return this.#provenance(image, reading, (own) => own);
  }

  #provenance(
    image: ImageToJudge,
    reading: SourceReading,
    conclude: (own: OwnOutcome, by: JudgedBy) => OwnOutcome | Promise<OwnOutcome>,
  ): Promise<readonly Judged[]> {
    return Promise.all(
      image.provenance.map(async (guard) => {
        const judge = await getOrMake(this.#judges, guard.policy, (policy) => ProvenanceJudge.for(policy));
        const by = { judge, guard };
        const outcome = await conclude(await this.#own(image, by, reading), by);
        return {
          guard,
          outcome: outcome.kind === 'absent' ? { ...outcome, kind: 'violated' as const } : outcome,
        };
      }),
    );
  }

  /** The outcome by the attestations of this very manifest. */
  async #own(
    image: Pick<GuardedImage, 'repository' | 'digest'>,
    { judge, guard }: JudgedBy,
    reading: SourceReading,
  ): Promise<OwnOutcome> {
    return judge.judge(await this.#reader.of(image, 'attestation', reading), image.digest, guard.image);
  }

  /** Builders usually attest the images of platforms, and not the index of them. */
  async #byPlatforms(
    { repository, digest }: ImageToJudge,
    { own, ...by }: JudgedBy & { readonly own: OwnOutcome },
    reading: SourceReading,
  ): Promise<OwnOutcome> {
    const { source, signal } = reading;
    const manifest = await orUnreadable(source.fetchManifest(repository, digest, signal), signal);
    if (manifest === undefined) return { kind: 'unanswered', reason: 'the image is not at its source' };
    if ('kind' in manifest) return { kind: 'unanswered', reason: manifest.reason };
    const platforms = platformsOf(manifest);
    if (platforms.length > MAX_PLATFORMS) {
      const reason = `the index has no provenance of its own, and has more than ${MAX_PLATFORMS} platforms`;
      return { kind: 'violated', reason };
    }
    const outcomes = new Map<Platform, PlatformOutcome>();
    await forEachConcurrently(platforms, { workers: WORKERS, signal }, async (platform) => {
      const outcome = await this.#own({ repository, digest: platform.digest }, by, reading);
      outcomes.set(platform, { name: platform.name, outcome });
    });
    return judgeIndex(
      own,
      platforms.flatMap((one) => outcomes.get(one) ?? []),
    );
  }
}

interface Platform {
  readonly digest: Digest;
  /** Such as `linux/amd64`. */
  readonly name: string;
}

/** The entries of an index, without the attestations of BuildKit; none of an image. */
function platformsOf({ mediaType, bytes }: RawManifest): readonly Platform[] {
  const entries = isIndexType(mediaType) ? parseJsonObject(bytes)?.['manifests'] : undefined;
  return (Array.isArray(entries) ? entries.filter(isObject) : []).flatMap((entry) => {
    const digest = typeof entry['digest'] === 'string' ? parseDigest(entry['digest']) : undefined;
    const name = platformName(entry);
    const isOfBuildkit = name === 'unknown/unknown' && annotationOf(entry) === 'attestation-manifest';
    return digest === undefined || isOfBuildkit ? [] : [{ digest, name: name || digest }];
  });
}

function platformName({ platform }: JsonObject): string {
  if (!isObject(platform)) return '';
  const parts = [platform['os'], platform['architecture'], platform['variant']];
  return parts.filter((part) => typeof part === 'string' && part !== '').join('/');
}

/** @see https://docs.docker.com/build/metadata/attestations/attestation-storage */
function annotationOf({ annotations }: JsonObject): unknown {
  return isObject(annotations) ? annotations['vnd.docker.reference.type'] : undefined;
}
