import { forEachInLanes } from '../../base/concurrency.ts';
import type { Digest } from '../../image/digest.ts';
import { hostOf } from '../../image/repository.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import type { BuildLevel, EvidenceType } from '../../signature/policy/evidence.ts';
import type { SignerRule } from '../../signature/policy/signer-rule.ts';
import { TrustedSigners } from '../../signature/policy/trusted-signers.ts';
import type { CheckContext, PlanRule } from '../rule.ts';
import { AcceptedAttachments } from './accepted-attachments.ts';
import { BuildLevels } from './build-levels.ts';
import { describePresent, describeViolation } from './describe-outcome.ts';
import { type EvidencePorts, EvidenceReader, type SourceReading } from './evidence-reader.ts';
import { type Guard, type GuardedImage, guardedImages, PolicyGuards } from './guarded-images.ts';
import { judgeIfPresent } from './judge-if-present.ts';
import { ImageJudge, type Judged } from './judge-image.ts';

export interface VerificationOptions {
  readonly manifests: readonly PromoterManifest[];
  /** The signers of flags, for whom the signatures and attestations of each image are verified. Empty: no flags. */
  readonly signers: readonly SignerRule[];
}

/** The rules for signatures and attestations, and the attachments that they accept. */
export interface Verification {
  readonly rules: readonly PlanRule[];
  /** The signatures and attestations that policies and flags accept, by the manifests that they are attached to. */
  readonly accepted: AcceptedAttachments;
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
  const levels = new BuildLevels();
  const { signers } = options;
  const trusted = signers.length === 0 ? undefined : await TrustedSigners.compile(signers);
  const guards = new PolicyGuards(options.manifests);
  const parts = { ...options, reader, trusted };
  return {
    rules: [
      makeRule(parts, {
        name: 'signatures',
        type: 'signature',
        guardsOf: ({ signatures }) => signatures,
        judge: (image, reading) => judge.signatures(image, reading),
      }),
      makeRule(parts, {
        name: 'provenance',
        type: 'attestation',
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
    accepted: new AcceptedAttachments({ reader, judge, guards, trusted }),
    levelOf: (image) => levels.of(image),
  };
}

interface Parts extends VerificationOptions {
  readonly reader: EvidenceReader;
  readonly trusted: TrustedSigners | undefined;
}

interface RuleParts {
  readonly name: 'signatures' | 'provenance';
  readonly type: EvidenceType;
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
  { name, judge, context }: CheckParts,
  reading: SourceReading,
): Promise<void> {
  for (const { guard, outcome } of await judge(image, reading)) {
    if (outcome.kind === 'satisfied') continue;
    context.report(describeViolation(image, { name, guard, outcome }));
  }
}

/** The check of the flags. A policy that only warns does not weaken it. */
async function checkPresent(
  image: GuardedImage,
  { type, guardsOf, reader, trusted, context }: CheckParts,
  reading: SourceReading,
): Promise<void> {
  const guards = guardsOf(image);
  if (trusted === undefined || guards.some(({ mode }) => mode === 'require')) return;
  const evidence = await reader.of(image, type, reading);
  const present = judgeIfPresent(evidence, { digest: image.digest, signers: trusted });
  if (present.fault !== undefined) context.report(describePresent(image, type, present.fault));
}
