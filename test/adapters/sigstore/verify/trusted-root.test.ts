import { expect, it } from 'vitest';
import { readTrustedRoot } from '../../../../src/adapters/sigstore/verify/trusted-root.ts';
import { createSigstore } from '../../../doubles/sigstore.ts';

function read(text: string) {
  return readTrustedRoot(Buffer.from(text), 'root.json');
}

it('reads authorities and logs', async () => {
  const { trustedRoot } = await createSigstore();
  const root = readTrustedRoot(trustedRoot, 'root.json');
  expect([
    root.certificateAuthorities.length,
    root.tlogs.length,
    root.ctlogs.length,
    root.timestampAuthorities.length,
  ]).toEqual([1, 1, 1, 1]);
});

it.each([
  ['no JSON', 'x'],
  ['another document', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'],
  ['no authorities', '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'],
  [
    'a broken key',
    '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[{"publicKey":{"rawBytes":"AA=="},"logId":{"keyId":"AA=="}}]}',
  ],
])('refuses %s and names the file', (_, text) => {
  expect(() => read(text)).toThrow(/^root\.json is not a trusted root: .*cosign trusted-root create/);
});
