import { compileText } from '../identity-policy.ts';
import type { SignerIdentity } from '../stored-signature.ts';
import type { SignerRule } from './signer-rule.ts';

interface Compiled {
  readonly rule: SignerRule;
  readonly matches: (signer: SignerIdentity) => boolean;
}

/** The trusted signers of a policy, to be compared with those of certificates and keys. */
export class TrustedSigners {
  readonly #compiled: readonly Compiled[];

  private constructor(compiled: readonly Compiled[]) {
    this.#compiled = compiled;
  }

  /** Throws an `ExpressionError`. */
  static async compile(rules: readonly SignerRule[]): Promise<TrustedSigners> {
    const compiled = rules.map(async (rule) => ({ rule, matches: await compileRule(rule) }));
    return new TrustedSigners(await Promise.all(compiled));
  }

  /** The rules that a signer matches. */
  matching(signer: SignerIdentity): readonly SignerRule[] {
    return this.#compiled.filter(({ matches }) => matches(signer)).map(({ rule }) => rule);
  }

  has(signer: SignerIdentity): boolean {
    return this.#compiled.some(({ matches }) => matches(signer));
  }
}

async function compileRule(rule: SignerRule): Promise<Compiled['matches']> {
  if (rule.kind === 'key')
    return (signer) => signer.kind === 'key' && signer.fingerprint === rule.fingerprint;
  const isIssuer = await compileText(rule.issuer);
  const isIdentity = await compileText(rule.identity);
  return (signer) => signer.kind === 'certificate' && isIssuer(signer.issuer) && isIdentity(signer.identity);
}
