import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Unreadable } from '../../ports/unreadable.ts';
import type { EvidenceType } from '../../signature/policy/evidence.ts';
import type { TrustedSigners } from '../../signature/policy/trusted-signers.ts';
import type { EvidenceReader, SourceReading } from './evidence-reader.ts';
import type { PolicyGuards } from './guarded-images.ts';
import { judgeIfPresent } from './judge-if-present.ts';
import type { ImageJudge, Judged } from './judge-image.ts';

/** A manifest whose attachments are judged: an image, a child of its index, or one of its attachments. */
export interface JudgedSubject {
  readonly repository: Repository;
  readonly image: Digest;
  readonly subject: Digest;
}

export interface AcceptancePorts {
  readonly reader: EvidenceReader;
  readonly judge: ImageJudge;
  readonly guards: PolicyGuards;
  /** The signers of flags. Unset: policies alone count. */
  readonly trusted: TrustedSigners | undefined;
}

const NONE: readonly Digest[] = [];

/**
 * The signatures and attestations that policies and flags accept. Those of children are judged like those of their image,
 * but children need none: only those of the image decide whether it is promoted.
 */
export class AcceptedAttachments {
  readonly #ports: AcceptancePorts;

  constructor(ports: AcceptancePorts) {
    this.#ports = ports;
  }

  /** The accepted manifests; none for an image that violates a policy. `unreadable` if some could not be read. */
  async at(
    { repository, image, subject }: JudgedSubject,
    reading: SourceReading,
  ): Promise<ReadonlySet<Digest> | Unreadable> {
    const { judge, guards } = this.#ports;
    const policies = guards.of(repository);
    const root = { repository, digest: image, ...policies };
    const judged = [...(await judge.signatures(root, reading)), ...(await judge.provenance(root, reading))];
    const unknown = unansweredIn(judged);
    if (unknown !== undefined) return { kind: 'unreadable', reason: `${repository}@${image}: ${unknown}` };
    if (judged.some(({ outcome }) => outcome.kind === 'violated')) return new Set();
    const own = { ...root, digest: subject };
    const results = [
      await this.#accept(own, { type: 'signature', judged: await judge.signatures(own, reading) }, reading),
      await this.#accept(
        own,
        { type: 'attestation', judged: await judge.ownProvenance(own, reading) },
        reading,
      ),
    ];
    const reason = results.find((result) => typeof result === 'string');
    if (reason !== undefined) return { kind: 'unreadable', reason: `${repository}@${subject}: ${reason}` };
    return new Set(results.flatMap((result) => (typeof result === 'string' ? NONE : result)));
  }

  /** The accepted manifests of one type, or the reason why they are unknown. */
  async #accept(
    { repository, digest }: { readonly repository: Repository; readonly digest: Digest },
    { type, judged }: { readonly type: EvidenceType; readonly judged: readonly Judged[] },
    reading: SourceReading,
  ): Promise<readonly Digest[] | string> {
    const { reader, trusted } = this.#ports;
    if (judged.length === 0 && trusted === undefined) return NONE;
    const evidence = await reader.of({ repository, digest }, type, reading);
    if (evidence.failure !== undefined) return evidence.failure;
    if (trusted === undefined || judged.length > 0) return unansweredIn(judged) ?? acceptedByAll(judged);
    const { accepted, fault } = judgeIfPresent(evidence, { digest, signers: trusted });
    return fault?.kind === 'unanswered' ? fault.reason : accepted;
  }
}

/** The reason why the outcome of a policy is unknown. */
function unansweredIn(judged: readonly Judged[]): string | undefined {
  const [first] = judged.flatMap(({ outcome }) => (outcome.kind === 'unanswered' ? [outcome.reason] : []));
  return first;
}

/** The attachments that all policies accepted. */
function acceptedByAll(judged: readonly Judged[]): readonly Digest[] {
  const sets = judged.map(({ outcome }) => new Set(outcome.kind === 'satisfied' ? outcome.accepted : []));
  const [first = new Set<Digest>(), ...others] = sets;
  return Array.from(first).filter((digest) => others.every((other) => other.has(digest)));
}
