import { RE2JS, RE2JSException } from 're2js';
import { oneLine, quote } from '../../base/text.ts';
import type { SignerIdentity } from '../stored-signature.ts';
import type { SignerRule, TextMatcher } from './signer-rule.ts';

// The home of the RE2 engine, whose time is linear in the text: expressions come from proposed changes, and the texts
// from certificates of strangers. It is large, so this module is loaded where an expression is compiled.

/** The fault of an expression; undefined for one that can be used. */
export function faultOfExpression(expression: string): string | undefined {
  try {
    RE2JS.compile(expression);
    return undefined;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return `${quote(expression)} is no expression of RE2: ${oneLine(error.message)}`;
  }
}

/** The trusted signers of a policy, ready to be compared with signers of certificates and keys. */
export class TrustedSigners {
  readonly #rules: readonly {
    readonly rule: SignerRule;
    readonly matches: (one: SignerIdentity) => boolean;
  }[];

  /** Throws for an expression with a fault. */
  constructor(rules: readonly SignerRule[]) {
    this.#rules = rules.map((rule) => ({ rule, matches: compileRule(rule) }));
  }

  /** The rules that a signer matches. */
  matching(signer: SignerIdentity): readonly SignerRule[] {
    return this.#rules.filter(({ matches }) => matches(signer)).map(({ rule }) => rule);
  }

  has(signer: SignerIdentity): boolean {
    return this.#rules.some(({ matches }) => matches(signer));
  }

  toString(): string {
    return this.#rules.map(({ rule }) => rule.text).join(', ');
  }
}

function compileRule(rule: SignerRule): (signer: SignerIdentity) => boolean {
  if (rule.kind === 'key') {
    return (signer) => signer.kind === 'key' && signer.fingerprint === rule.fingerprint;
  }
  const isIssuer = compileMatcher(rule.issuer);
  const isIdentity = compileMatcher(rule.identity);
  return (signer) => signer.kind === 'certificate' && isIssuer(signer.issuer) && isIdentity(signer.identity);
}

/** An expression has to match the whole text, as if it stood between `^(?:` and `)$`. */
function compileMatcher({ kind, text }: TextMatcher): (actual: string) => boolean {
  if (kind === 'exact') return (actual) => actual === text;
  const expression = RE2JS.compile(text);
  return (actual) => expression.matches(actual);
}
