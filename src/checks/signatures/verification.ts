import { forEachInLanes } from '../../base/concurrency.ts';
import { addTo } from '../../base/maps.ts';
import type { Digest } from '../../image/digest.ts';
import { hostOf } from '../../image/repository.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import type { BuildLevel, EvidenceType } from '../../signature/policy/evidence.ts';
import type { SignerRule } from '../../signature/policy/signer-rule.ts';
import { TrustedSigners } from '../../signature/policy/trusted-signers.ts';
import type { CheckContext, PlanRule } from '../rule.ts';
import { BuildLevels } from './build-levels.ts';
import { describePresent, describeViolation } from './describe-outcome.ts';
import { type EvidencePorts, EvidenceReader, type SourceReading } from './evidence-reader.ts';
import { type Guard, type GuardedImage, guardedImages } from './guarded-images.ts';
import { judgeIfPresent } from './judge-if-present.ts';
import { ImageJudge, type Judged } from './judge-image.ts';

export interface VerificationOptions {
  readonly manifests: readonly PromoterManifest[];
  /** The signers of flags, for whom the signatures and attestations of each image are verified. Empty: no flags. */
  readonly signers: readonly SignerRule[];
}

/** The rules for signatures and attestations, and the attachments that they accepted. */
export interface Verification {
  readonly rules: readonly PlanRule[];
  /** True for the manifest of an accepted signature or attestation. Not known before the rules have run. */
  readonly isAccepted: (attachment: Digest) => boolean;
  /** The result of the provenance policies for an image. Not known before the rules have run. */
  readonly levelOf: (image: Digest) => BuildLevel;
}

/**
 * The rules `signatures` and `provenance`. Each attachment of an image is read by one of them, once. Throws an
 * `ExpressionError`.
 */
export async function makeVerification(
  options: VerificationOptions,
  ports: EvidencePorts,
): Promise<Verification> {
  const reader = new EvidenceReader(ports);
  const judge = new ImageJudge(reader);
  const accepted = new AcceptedAttachments();
  const levels = new BuildLevels();
  const { signers } = options;
  const trusted = signers.length === 0 ? undefined : await TrustedSigners.compile(signers);
  const parts = { ...options, reader, accepted, trusted };
  return {
    rules: [
      makeRule(parts, {
        name: 'signatures',
        claim: 'signature',
        guardsOf: ({ signatures }) => signatures,
        judge: (image, reading) => judge.signatures(image, reading),
      }),
      makeRule(parts, {
        name: 'provenance',
        claim: 'attestation',
        guardsOf: ({ provenance }) => provenance,
        judge: async (image, reading) => {
          const judged = await judge.provenance(image, reading);
          levels.add(
            image.digest,
            judged.map(({ outcome }) => outcome),
          );
          return judged;
        },
      }),
    ],
    isAccepted: (attachment) => accepted.has(attachment),
    levelOf: (image) => levels.of(image),
  };
}

interface Parts extends VerificationOptions {
  readonly reader: EvidenceReader;
  readonly accepted: AcceptedAttachments;
  readonly trusted: TrustedSigners | undefined;
}

interface RuleParts {
  readonly name: 'signatures' | 'provenance';
  readonly claim: EvidenceType;
  readonly guardsOf: (image: GuardedImage) => readonly Guard<unknown>[];
  /** The outcome of each guard. */
  readonly judge: (image: GuardedImage, reading: SourceReading) => Promise<readonly Judged[]>;
}

function makeRule(parts: Parts, rule: RuleParts): PlanRule {
  const { manifests, trusted } = parts;
  const { name, guardsOf } = rule;
  return {
    name,
    level: 'error',
    check: async (plan, context, signal) => {
      const isAll = trusted !== undefined;
      const images = guardedImages(plan, manifests, { all: isAll }).filter(
        (image) => isAll || guardsOf(image).length > 0,
      );
      if (images.length === 0) return;
      const { workers, progress, source } = context;
      const reading = { source, signal };
      progress.begin('proof', images.length);
      await forEachInLanes(images, { laneOf, workers, signal }, async (image) => {
        await checkPolicies(image, { ...parts, ...rule, context }, reading);
        await checkPresent(image, { ...parts, ...rule, context }, reading);
        progress.advance();
      });
      progress.end();
    },
  };
}

function laneOf({ repository }: GuardedImage): string {
  return hostOf(repository);
}

interface CheckParts extends Parts, RuleParts {
  readonly context: CheckContext;
}

async function checkPolicies(
  image: GuardedImage,
  { name, judge, accepted, context }: CheckParts,
  reading: SourceReading,
): Promise<void> {
  const judged = await judge(image, reading);
  for (const { guard, outcome } of judged) {
    if (outcome.kind === 'satisfied') continue;
    accepted.refuse(image.digest);
    context.report(describeViolation(image, { name, guard, outcome }));
  }
  accepted.add(image.digest, acceptedByAll(judged));
}

/** The attachments that all policies accepted. */
function acceptedByAll(judged: readonly Judged[]): readonly Digest[] {
  const sets = judged.map(({ outcome }) => new Set(outcome.kind === 'satisfied' ? outcome.accepted : []));
  const [first = new Set<Digest>(), ...others] = sets;
  return Array.from(first).filter((digest) => others.every((other) => other.has(digest)));
}

/** The check of the flags. A policy that only warns does not weaken it. */
async function checkPresent(
  image: GuardedImage,
  { claim, guardsOf, reader, accepted, trusted, context }: CheckParts,
  reading: SourceReading,
): Promise<void> {
  const guards = guardsOf(image);
  if (trusted === undefined || guards.some(({ mode }) => mode === 'require')) return;
  const evidence = await reader.of(image, claim, reading);
  const present = judgeIfPresent(evidence, { digest: image.digest, signers: trusted });
  if (guards.length === 0) accepted.add(image.digest, present.accepted);
  if (present.fault !== undefined) context.report(describePresent(image, claim, present.fault));
}

/** The signatures and attestations of images that policies and flags have accepted. */
class AcceptedAttachments {
  /** Images by the manifest of an attachment. */
  readonly #images = new Map<Digest, Digest[]>();
  readonly #refused = new Set<Digest>();

  add(image: Digest, manifests: readonly Digest[]): void {
    for (const manifest of manifests) addTo(this.#images, manifest, image);
  }

  /** Nothing of an image that violates a policy is accepted. */
  refuse(image: Digest): void {
    this.#refused.add(image);
  }

  /** True for the manifest of an accepted signature or attestation. */
  has(manifest: Digest): boolean {
    return this.#images.get(manifest)?.some((image) => !this.#refused.has(image)) ?? false;
  }
}
