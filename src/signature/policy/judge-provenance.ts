import { listSome, quote } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import type { SignerIdentity, VerifiedSignature } from '../stored-signature.ts';
import { type Evidence, type EvidenceSet, listReasons, type Outcome, reasonAgainst } from './evidence.ts';
import { TrustedSigners } from './trusted-signers.ts';
import { claimableBuilders, isBuilder, lowestLevel, type ProvenancePolicy, requiredLevel } from './policy.ts';
import { formatSigner } from './signer-rule.ts';
import { isProvenance, parseProvenance, type Provenance } from './slsa-provenance.ts';
import { isSource } from './source-repository.ts';

/** The result for the evidence of one manifest. `absent`: it has no provenance of its own that counts. */
export type OwnOutcome = Outcome | { readonly kind: 'absent'; readonly reason: string };

/** A platform of an index, and its result. */
export interface PlatformOutcome {
  /** For messages, such as `linux/amd64`. */
  readonly name: string;
  readonly outcome: OwnOutcome;
}

/** Judges provenance by a policy. Pure. */
export class ProvenanceJudge {
  readonly #policy: ProvenancePolicy;
  readonly #signers: TrustedSigners;

  private constructor(policy: ProvenancePolicy, signers: TrustedSigners) {
    this.#policy = policy;
    this.#signers = signers;
  }

  /** Throws an `ExpressionError`. */
  static async for(policy: ProvenancePolicy): Promise<ProvenanceJudge> {
    return new ProvenanceJudge(policy, await TrustedSigners.compile(policy.signers));
  }

  /** The result for one manifest by its own evidence. `image` is the name of the image below its source. */
  judge({ items, incomplete }: EvidenceSet, digest: Digest, image: string): OwnOutcome {
    const trust = { digest, signers: this.#signers };
    const attestations = items.filter(({ type }) => type === 'attestation');
    const counted = attestations.flatMap((one) =>
      one.kind === 'verified' && reasonAgainst(one, trust) === undefined ? [one] : [],
    );
    const provenance = counted.flatMap((one) => {
      const claims = one.signature.statement && parseProvenance(one.signature.statement);
      return claims === undefined ? [] : [{ one, verdict: this.#verify(one.signature, claims) }];
    });
    const required = requiredLevel(this.#policy, image);
    const passed = provenance.filter(({ verdict }) => typeof verdict === 'number' && verdict >= required);
    const missing = this.#policy.predicateTypes.filter(
      (type) => !counted.some((one) => typeOf(one) === type),
    );
    if (passed.length > 0 && missing.length === 0) {
      const levels = passed.map(({ verdict }) => Number(verdict));
      const accepted = counted.filter(
        (one) => !isProvenance(typeOf(one)) || passed.some((pass) => pass.one === one),
      );
      return {
        kind: 'satisfied',
        level: Math.max(...levels),
        accepted: accepted.map(({ manifest }) => manifest),
      };
    }
    if (incomplete !== undefined) return { kind: 'unanswered', reason: incomplete };
    if (passed.length > 0)
      return { kind: 'violated', reason: `no trusted signer has attested ${listSome(missing)}` };
    if (provenance.length > 0) {
      const faults = provenance.map(({ one, verdict }) =>
        typeof verdict === 'string'
          ? `${one.where} ${verdict}`
          : `${one.where} reaches level ${verdict} of ${required}`,
      );
      return { kind: 'violated', reason: listReasons(faults) };
    }
    const reasons = attestations.map((one) => reasonAgainst(one, trust) ?? '');
    const others = reasons.filter((reason) => reason !== '');
    const reason = ['it has no provenance by a trusted signer', ...others.slice(0, 3)].join('; ');
    return { kind: 'absent', reason };
  }

  /** The level of provenance by a trusted signer, or its fault. */
  #verify({ signer }: VerifiedSignature, { builder, sources, level }: Provenance): number | string {
    const builders = claimableBuilders(this.#policy, this.#signers.matching(signer));
    if (!builders.some(({ id }) => isBuilder(id, builder)))
      return `names the builder ${quote(builder)}, which ${formatSigner(signer)} may not claim`;
    if (!isOwnWorkflow(signer, builder))
      return `names the builder ${quote(builder)}, and is signed by another workflow: ${formatSigner(signer)}`;
    if (sources.length === 0) return 'names no source repository';
    const foreign = sources.find((named) => !this.#policy.sources.some((source) => isSource(source, named)));
    if (foreign !== undefined) return `names the source ${quote(foreign)}, which is not one of the policy`;
    return Math.min(level, lowestLevel(builders));
  }
}

/**
 * The result of an index: its own, or, where it has no provenance of its own, that of all its platforms. Its level is
 * then the lowest of theirs, and nothing that is stored beside the index itself is accepted.
 */
export function judgeIndex(own: OwnOutcome, platforms: readonly PlatformOutcome[]): OwnOutcome {
  if (own.kind !== 'absent' || platforms.length === 0) return own;
  const failed = platforms.flatMap(({ name, outcome }) =>
    outcome.kind === 'satisfied' ? [] : [{ kind: outcome.kind, text: `${name}: ${outcome.reason}` }],
  );
  if (failed.length === 0) {
    const levels = platforms.map(({ outcome }) => (outcome.kind === 'satisfied' ? (outcome.level ?? 1) : 0));
    return { kind: 'satisfied', level: Math.min(...levels), accepted: [] };
  }
  const isUnanswered = failed.every(({ kind }) => kind === 'unanswered');
  const count = `${failed.length} of its ${platforms.length} platforms`;
  const reason = `the index has no provenance by a trusted signer, and ${count} fail: ${listReasons(failed.map(({ text }) => text))}`;
  return { kind: isUnanswered ? 'unanswered' : 'violated', reason };
}

function typeOf({ signature }: Evidence & { readonly kind: 'verified' }): string {
  return signature.statement?.predicateType ?? '';
}

const GITHUB = 'https://token.actions.githubusercontent.com';

/** A certificate of GitHub Actions names the workflow that signs, and that workflow is the builder. */
function isOwnWorkflow(signer: SignerIdentity, builder: string): boolean {
  return signer.kind !== 'certificate' || signer.issuer !== GITHUB || signer.identity === builder;
}
