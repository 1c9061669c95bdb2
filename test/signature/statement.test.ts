import { expect, it } from 'vitest';
import { parseDigest } from '../../src/image/digest.ts';
import { makeStatement, parseStatement } from '../../src/signature/statement.ts';

const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'app', digest: { sha256: A } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: { x: 1 },
};

function parse(changes: object) {
  return parseStatement(Buffer.from(JSON.stringify({ ...STATEMENT, ...changes })));
}

function digest(text: string) {
  const parsed = parseDigest(text);
  if (parsed === undefined) throw new Error(`${text} is no digest`);
  return parsed;
}

it.each(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'])('reads %s', (_type) => {
  expect(parse({ _type })).toEqual({
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { x: 1 },
    subjects: [`sha256:${A}`],
  });
});

it('names every subject, each digest once', () => {
  const subject = [A, B, A].map((sha256) => ({ digest: { sha256 } }));
  expect(parse({ subject }).subjects).toEqual([`sha256:${A}`, `sha256:${B}`]);
});

it('passes over digests that are no images', () => {
  const subject = [{ digest: { gitCommit: 'abc' } }, { digest: { sha256: A, gitTree: 'x' } }];
  expect(parse({ subject }).subjects).toEqual([`sha256:${A}`]);
});

it.each([
  ['of another version', { _type: 'https://in-toto.io/Statement/v2' }],
  ['without a type', { _type: undefined }],
  ['without a predicate type', { predicateType: '' }],
  ['without a subject', { subject: [] }],
  ['whose subject is no list', { subject: { digest: { sha256: A } } }],
  ['with a subject that has no digest', { subject: [{ name: 'app' }] }],
  ['without an image digest', { subject: [{ digest: { gitCommit: 'abc' } }] }],
  ['with a short digest', { subject: [{ digest: { sha256: 'abc' } }] }],
  ['with an upper case digest', { subject: [{ digest: { sha256: A.toUpperCase() } }] }],
  ['with a list as digest', { subject: [{ digest: { sha256: [A] } }] }],
  ['with 1025 subjects', { subject: Array.from({ length: 1025 }, () => ({ digest: { sha256: A } })) }],
])('refuses a statement %s', (_, changes) => {
  expect(() => parse(changes)).toThrow('statement');
});

it('does not take a property of every object for a digest', () => {
  expect(() => parse({ subject: [{ digest: JSON.parse('{"__proto__":{"sha256":"x"}}') }] })).toThrow(
    'no subject',
  );
});

it('makes a statement v1', () => {
  const bytes = makeStatement(
    [
      { digest: digest(`sha256:${A}`), name: 'app' },
      { digest: digest(`sha256:${B}`), annotations: { k: 'v' } },
    ],
    { predicateType: 'https://sigstore.dev/cosign/sign/v1', predicate: {} },
  );
  expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'app', digest: { sha256: A } },
      { digest: { sha256: B }, annotations: { k: 'v' } },
    ],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  });
  expect(parseStatement(bytes).subjects).toEqual([`sha256:${A}`, `sha256:${B}`]);
});
