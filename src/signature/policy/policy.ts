import { quote } from '../../base/text.ts';
import type { SignerRule } from './signer-rule.ts';

/** `off`: not evaluated; `warn`: violations are reported; `require`: they also block the images. */
export const POLICY_MODES = ['off', 'warn', 'require'] as const;
export type PolicyMode = (typeof POLICY_MODES)[number];

/** The signers that an image may have. */
export interface SignaturePolicy {
  readonly signers: readonly SignerRule[];
}

/** Requirements for the SLSA provenance of an image and its signers. */
export interface ProvenancePolicy extends SignaturePolicy {
  readonly builders: readonly TrustedBuilder[];
  /** Repositories that images may be built from, without a ref. */
  readonly sources: readonly string[];
  /** Further attestations that each image needs. */
  readonly predicateTypes: readonly string[];
  /** The SLSA build level that the provenance has to reach. Undefined: that of any builder. */
  readonly level: number | undefined;
  /** Levels of single images, by their names below the source. They replace `level`. */
  readonly levels: readonly { readonly images: readonly string[]; readonly level: number }[];
}

export interface TrustedBuilder {
  /** Without `@`, it stands for the builder at any ref. */
  readonly id: string;
  /** SLSA build level: 1 to 3. */
  readonly level: number;
  /** The signers of the policy that may claim it. Empty: those that no builder names. */
  readonly signers: readonly SignerRule[];
}

/** Builders that a signer may claim, by the rules that it matches. */
export function claimableBuilders(
  { builders }: Pick<ProvenancePolicy, 'builders'>,
  matched: readonly SignerRule[],
): readonly TrustedBuilder[] {
  const texts = new Set(matched.map(({ text }) => text));
  const own = builders.filter(({ signers }) => signers.some(({ text }) => texts.has(text)));
  return own.length > 0 ? own : builders.filter(({ signers }) => signers.length === 0);
}

/** The lowest level of some builders. Provenance proves its signer only: it may come from any builder of that signer. */
export function lowestLevel(builders: readonly TrustedBuilder[]): number {
  return Math.min(...builders.map(({ level }) => level));
}

/** True for the id of a builder, or for that id at any ref if the trusted one has none. */
export function isBuilder(trusted: string, claimed: string): boolean {
  return claimed === trusted || (!trusted.includes('@') && claimed.startsWith(`${trusted}@`));
}

/** The level that an image needs. */
export function requiredLevel({ level, levels }: ProvenancePolicy, image: string): number {
  const own = levels.filter(({ images }) => images.includes(image)).map((entry) => entry.level);
  return own.length > 0 ? Math.max(...own) : (level ?? 1);
}

/** The contradictions of a policy. */
export function faultsOf(policy: ProvenancePolicy): readonly string[] {
  const { builders, signers, level, levels } = policy;
  const faults: string[] = [];
  for (const [index, { id, ...builder }] of builders.entries()) {
    for (const other of builders.slice(0, index)) {
      const isOpen = [builder, other].filter((one) => one.signers.length === 0).length === 1;
      if (other.id === id) faults.push(`builder ${quote(id)} is listed twice: remove one of the two`);
      else if (isOpen && (isBuilder(other.id, id) || isBuilder(id, other.id)))
        faults.push(
          `builders ${quote(other.id)} and ${quote(id)} are the same one, and only one names signers`,
        );
    }
    for (const { text } of builder.signers) {
      if (!signers.some((signer) => signer.text === text))
        faults.push(`builder ${quote(id)} names the signer ${quote(text)}, which is not in signers`);
    }
  }
  const reachable = Math.max(...signers.map((signer) => lowestOrNone(claimableBuilders(policy, [signer]))));
  for (const wanted of new Set([level, ...levels.map((entry) => entry.level)])) {
    if (wanted !== undefined && wanted > reachable)
      faults.push(`level ${wanted} is out of reach: no signer may claim only builders of that level`);
  }
  return faults;
}

function lowestOrNone(builders: readonly TrustedBuilder[]): number {
  return builders.length === 0 ? 0 : lowestLevel(builders);
}
