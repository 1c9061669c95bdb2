import { expect, it } from 'vitest';
import { parseDigest } from '../../src/image/digest.ts';
import { makeSimpleSigning, parseSimpleSigning } from '../../src/signature/simple-signing.ts';

const DIGEST = parseDigest(`sha256:${'a'.repeat(64)}`)!;

it('makes the bytes that cosign signs', () => {
  const bytes = makeSimpleSigning({ dockerReference: 'registry.k8s.io/app', digest: DIGEST });
  expect(Buffer.from(bytes).toString()).toBe(
    `{"critical":{"identity":{"docker-reference":"registry.k8s.io/app"},"image":{"docker-manifest-digest":"${DIGEST}"},"type":"cosign container image signature"},"optional":null}`,
  );
});

it('sorts annotations and escapes them as Go does', () => {
  const bytes = makeSimpleSigning({
    dockerReference: 'h/app',
    digest: DIGEST,
    annotations: { b: '<&>\u2028', a: 'é' },
  });
  expect(Buffer.from(bytes).toString()).toContain(
    String.raw`"optional":{"a":"é","b":"\u003c\u0026\u003e\u2028"}`,
  );
});

it('reads what it makes', () => {
  const payload = { dockerReference: 'h/app', digest: DIGEST, annotations: { a: 'b' } };
  expect(parseSimpleSigning(makeSimpleSigning(payload))).toEqual(payload);
});

it.each([
  ['another type', { critical: { image: { 'docker-manifest-digest': DIGEST }, type: 'atomic' } }],
  ['no digest', { critical: { image: {}, type: 'cosign container image signature' } }],
  ['nothing critical', { optional: {} }],
  [
    'a short digest',
    {
      critical: {
        image: { 'docker-manifest-digest': 'sha256:abc' },
        type: 'cosign container image signature',
      },
    },
  ],
])('refuses a payload with %s', (_, payload) => {
  expect(() => parseSimpleSigning(Buffer.from(JSON.stringify(payload)))).toThrow('simple signing payload');
});
