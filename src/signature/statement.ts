import { isObject } from '../base/json.ts';
import { quote } from '../base/text.ts';
import { type Digest, parseDigest } from '../image/digest.ts';
import type { Statement } from './stored-signature.ts';
import { FormatError, parseStrictJson } from './strict-json.ts';

const V01 = 'https://in-toto.io/Statement/v0.1';
const V1 = 'https://in-toto.io/Statement/v1';

/** The limit of sigstore-go. */
const MAX_SUBJECTS = 1024;

export interface ParsedStatement extends Statement {
  /** The digests of its subjects, at least one: SHA-256 and SHA-512, each once. */
  readonly subjects: readonly Digest[];
}

export interface StatementSubject {
  readonly digest: Digest;
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Reads the payload of an in-toto envelope. Throws a `FormatError`. */
export function parseStatement(bytes: Uint8Array): ParsedStatement {
  const json = parseStrictJson(bytes, 'the statement');
  const { _type: type, predicateType, subject } = json;
  if (type !== V01 && type !== V1) {
    throw new FormatError(`the statement is not in-toto v0.1 or v1 but ${nameOf(type)}`);
  }
  if (typeof predicateType !== 'string' || predicateType === '') {
    throw new FormatError('the statement has no predicateType');
  }
  if (!Array.isArray(subject) || subject.length === 0) throw new FormatError('the statement has no subject');
  if (subject.length > MAX_SUBJECTS) {
    throw new FormatError(`the statement has ${subject.length} subjects; the limit is ${MAX_SUBJECTS}`);
  }
  const subjects = new Set(subject.flatMap(digestsOf));
  if (subjects.size === 0) throw new FormatError('no subject of the statement has a SHA-256 digest');
  return { predicateType, predicate: json['predicate'], subjects: Array.from(subjects) };
}

/** The bytes of an in-toto statement v1. */
export function makeStatement(
  subjects: readonly StatementSubject[],
  { predicateType, predicate }: Statement,
): Uint8Array {
  const subject = subjects.map(({ digest, ...others }) => {
    const [algorithm = '', hex] = digest.split(':');
    return { ...others, digest: { [algorithm]: hex } };
  });
  return Buffer.from(JSON.stringify({ _type: V1, subject, predicateType, predicate }));
}

/** Digests in other algorithms, such as those of git commits, are no images'. */
function digestsOf(subject: unknown): Digest[] {
  const digests = isObject(subject) ? subject['digest'] : undefined;
  if (!isObject(digests)) throw new FormatError('a subject of the statement has no digest');
  return ['sha256', 'sha512']
    .filter((algorithm) => Object.hasOwn(digests, algorithm))
    .map((algorithm) => {
      const value = digests[algorithm];
      const digest = typeof value === 'string' ? parseDigest(`${algorithm}:${value}`) : undefined;
      if (digest !== undefined) return digest;
      throw new FormatError(
        `a subject of the statement has the malformed ${algorithm} digest ${nameOf(value)}`,
      );
    });
}

function nameOf(value: unknown): string {
  return typeof value === 'string' ? quote(value) : `of type ${typeof value}`;
}
