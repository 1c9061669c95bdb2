import { CodedError, messageOf } from '../base/errors.ts';
import { quote } from '../base/text.ts';

/** A text, or an expression in the syntax of RE2 that matches it as a whole. */
export interface TextPattern {
  readonly kind: 'exact' | 'expression';
  readonly text: string;
}

/** A signer by certificate. */
export interface SignerPattern {
  readonly issuer: TextPattern;
  readonly identity: TextPattern;
}

/** The values of `-certificate-identity[-regexp]` and `-certificate-oidc-issuer[-regexp]`, empty or undefined for none. */
export interface CertificateFlags {
  readonly identity?: string | undefined;
  readonly identityRegexp?: string | undefined;
  readonly issuer?: string | undefined;
  readonly issuerRegexp?: string | undefined;
}

export class ExpressionError extends CodedError<'expression-malformed'> {}

/**
 * The signer of the certificate flags; undefined unless they name both an identity and an issuer. Given together, the
 * expression alone counts, as in cosign: the exact flags of kpromo have defaults.
 */
export function signerOfFlags(flags: CertificateFlags): SignerPattern | undefined {
  const identity = patternOf(flags.identityRegexp, flags.identity);
  const issuer = patternOf(flags.issuerRegexp, flags.issuer);
  return identity && issuer && { identity, issuer };
}

function patternOf(expression = '', exact = ''): TextPattern | undefined {
  if (expression !== '') return { kind: 'expression', text: expression };
  return exact === '' ? undefined : { kind: 'exact', text: exact };
}

/** A test for a text. Throws an `ExpressionError`. The library of expressions is loaded if it is one. */
export async function compileText({ kind, text }: TextPattern): Promise<(value: string) => boolean> {
  if (kind === 'exact') return (value) => value === text;
  const { RE2JS } = await import('re2js');
  try {
    const expression = RE2JS.compile(text);
    return (value) => expression.matches(value);
  } catch (error) {
    const message = `the expression ${quote(text)} is not RE2: ${messageOf(error)}`;
    throw new ExpressionError('expression-malformed', message, { cause: error });
  }
}
