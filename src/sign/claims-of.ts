import { groupBy } from '../base/maps.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { SIGN_PREDICATE } from '../signature/media-types.ts';
import type { BuildLevel } from '../signature/policy/evidence.ts';
import { makeStatement } from '../signature/statement.ts';
import { BundleClaim, type BundleSpec, type ClaimPorts } from './bundle-claim.ts';
import type { Claim, ClaimGroup } from './claim.ts';
import { readParts } from './image-parts.ts';
import type { ImageToSign } from './images-to-sign.ts';
import {
  type ManifestRevision,
  PROMOTION_PREDICATE,
  type PromotionFacts,
  promotionStatement,
  SUMMARY_PREDICATE,
  summaryStatement,
} from './promotion-statements.ts';
import { SignatureTagClaim } from './signature-tag-claim.ts';
import type { SigningPolicy } from './signing.ts';

export interface ClaimContext {
  readonly policy: SigningPolicy;
  readonly facts: PromotionFacts;
  readonly manifests: Pick<ReadRegistry, 'fetchManifest'>;
  readonly claims: ClaimPorts;
  /** Verification summaries. Unset: there are none. */
  readonly summaries?: SummaryContext | undefined;
}

export interface SummaryContext {
  readonly claims: ClaimPorts;
  /** The commit of the manifests, which a summary states. */
  readonly revision: ManifestRevision;
  /** The result of the provenance policy for an image. */
  readonly levelOf: (digest: Digest) => BuildLevel;
}

/** The signatures and attestations that an image is to have at its destinations. */
export function claimsOf(
  image: ImageToSign,
  context: ClaimContext,
  signal: AbortSignal,
): readonly ClaimGroup[] {
  const { policy, summaries } = context;
  const planner = new ClaimPlanner(image, context, signal);
  return [
    policy.recursion === 'joint' ? planner.jointSignature() : planner.singleSignatures(),
    ...(policy.legacy ? planner.signatureTags() : []),
    ...(policy.attest ? [planner.promotion()] : []),
    ...(summaries === undefined ? [] : [planner.summary(summaries)]),
  ];
}

class ClaimPlanner {
  readonly #image: ImageToSign;
  readonly #context: ClaimContext;
  readonly #signal: AbortSignal;
  readonly #parts = new SingleFlight<'parts', readonly Descriptor[]>();

  constructor(image: ImageToSign, context: ClaimContext, signal: AbortSignal) {
    this.#image = image;
    this.#context = context;
    this.#signal = signal;
  }

  /** One statement for an index and its children. */
  jointSignature(): ClaimGroup {
    const statement = async () => signatureOf(await this.#readDigests());
    const spec = { part: 'signature', predicateType: SIGN_PREDICATE, ...this.#joint(), statement } as const;
    return this.#group(this.#bundle(spec));
  }

  /** A statement for each digest. */
  singleSignatures(): ClaimGroup {
    const claimOf = (digest: Digest, holder: () => Promise<readonly Descriptor[]>) =>
      new BundleClaim(
        digest,
        {
          part: 'signature',
          predicateType: SIGN_PREDICATE,
          holders: holder,
          covers: (subjects) => Promise.resolve(subjects.includes(digest)),
          statement: () => Promise.resolve(signatureOf([digest])),
        },
        this.#context.claims,
      );
    const root = claimOf(this.#image.digest, () => this.#readRoot());
    const children = async () =>
      (await this.#readChildren()).map((child) => claimOf(child.digest, () => Promise.resolve([child])));
    return this.#group(root, children);
  }

  /** cosign's tags. Their payloads name the image, so destinations of one public name share theirs. */
  signatureTags(): readonly ClaimGroup[] {
    const names = groupBy(this.#image.places, ({ publicName }) => publicName);
    return Array.from(names, ([publicName, places]) => {
      const claimOf = (digest: Digest) => new SignatureTagClaim({ digest, publicName }, this.#context.claims);
      return {
        places: places.map(({ repository }) => repository),
        root: claimOf(this.#image.digest),
        children: once(async () => (await this.#readChildren()).map(({ digest }) => claimOf(digest))),
      };
    });
  }

  promotion(): ClaimGroup {
    const { facts, claims } = this.#context;
    return this.#group(
      this.#bundle({
        part: 'attestation',
        predicateType: PROMOTION_PREDICATE,
        holders: () => this.#readRoot(),
        covers: (subjects) => Promise.resolve(subjects.includes(this.#image.digest)),
        statement: () => Promise.resolve(promotionStatement(this.#image, facts, claims.now())),
      }),
    );
  }

  summary({ claims, levelOf, revision: manifests }: SummaryContext): ClaimGroup {
    const image = this.#image;
    const statement = async () => {
      const digests = await this.#readDigests();
      const level = levelOf(image.digest);
      return summaryStatement({ image, digests, level }, { ...this.#context.facts, manifests }, claims.now());
    };
    const spec: BundleSpec = {
      part: 'summary',
      predicateType: SUMMARY_PREDICATE,
      ...this.#joint(),
      statement,
    };
    return this.#group(this.#bundle(spec, claims));
  }

  #bundle(spec: BundleSpec, claims = this.#context.claims): Claim {
    return new BundleClaim(this.#image.digest, spec, claims);
  }

  #group(root: Claim, children: ClaimGroup['children'] = () => Promise.resolve([])): ClaimGroup {
    return { places: this.#image.places.map(({ repository }) => repository), root, children: once(children) };
  }

  /**
   * A bundle at every part of the image that names them all. One that names several digests was made for an index and its
   * children, so the index need not be read.
   */
  #joint(): Pick<BundleSpec, 'holders' | 'covers'> {
    const { thorough } = this.#context.claims;
    return {
      holders: () => this.#readParts(),
      covers: async (subjects) => {
        if (!subjects.includes(this.#image.digest)) return false;
        if (subjects.length > 1 && !thorough) return true;
        return (await this.#readParts()).every(({ digest }) => subjects.includes(digest));
      },
    };
  }

  /** The digests of the parts, as a statement names them: the image first. */
  async #readDigests(): Promise<readonly Digest[]> {
    const children = (await this.#readChildren()).map(({ digest }) => digest);
    return [this.#image.digest, ...children];
  }

  async #readRoot(): Promise<readonly Descriptor[]> {
    return (await this.#readParts()).slice(-1);
  }

  async #readChildren(): Promise<readonly Descriptor[]> {
    return (await this.#readParts()).slice(0, -1);
  }

  #readParts(): Promise<readonly Descriptor[]> {
    return this.#parts.run('parts', () =>
      this.#readFrom(this.#image.places.map(({ repository }) => repository)),
    );
  }

  /** From the first destination that answers: each has the same content. */
  async #readFrom([repository, ...others]: readonly Repository[]): Promise<readonly Descriptor[]> {
    if (repository === undefined) throw new Error('an image to sign has a destination');
    const { manifests, policy } = this.#context;
    const withChildren = policy.recursion !== 'none';
    try {
      return await readParts(
        { repository, digest: this.#image.digest, withChildren },
        manifests,
        this.#signal,
      );
    } catch (error) {
      if (this.#signal.aborted || others.length === 0) throw error;
      return await this.#readFrom(others);
    }
  }
}

/** Destinations share their claims, and so their signatures. */
function once(make: ClaimGroup['children']): ClaimGroup['children'] {
  const made = new SingleFlight<'claims', readonly Claim[]>();
  return () => made.run('claims', make);
}

function signatureOf(digests: readonly Digest[]): Uint8Array {
  const subjects = digests.map((digest) => ({ digest }));
  return makeStatement(subjects, { predicateType: SIGN_PREDICATE, predicate: {} });
}
