// Covers src/base/json.ts

import { describe, expect, it } from 'vitest';
import { parseJsonObject } from '../../../src/base/json.ts';
import { DOCKER_SCHEMA1_SIGNED, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { clientForTest, quiet, registryErrorOf, repositoryAt } from '../../adapters/oci/client.ts';
import { image, index, push } from '../../builders/images.ts';
import { runWithReport } from '../../doubles/run-cip.ts';
import { scriptedServer } from '../../doubles/scripted-server.ts';
import { embedded, manifestFlag, writesOf } from '../staging.ts';

const wanted = image({ seed: 'wanted' });
const other = image({ seed: 'other' });

describe('a manifest that is not what its digest says (CVE-2025-24882, GHSA-qv35-3gw6-8q4j)', () => {
  it.each([
    ['other bytes', other.manifest.bytes, OCI_MANIFEST],
    ['one byte more', Buffer.concat([wanted.manifest.bytes, Buffer.from('\n')]), OCI_MANIFEST],
    ['one byte less', wanted.manifest.bytes.subarray(1), OCI_MANIFEST],
    ['nothing', Buffer.alloc(0), OCI_MANIFEST],
    // a schema 1 manifest is hashed without its signatures: no way round for others
    ['another type', other.manifest.bytes, DOCKER_SCHEMA1_SIGNED],
    ['signatures around it', withSignatures(), DOCKER_SCHEMA1_SIGNED],
  ])('is never returned: %s', async (_what, body, type) => {
    const headers = { 'content-type': type, 'docker-content-digest': wanted.manifest.digest };
    const step = { request: /^GET/, answer: { status: 200, headers, body } };
    const server = await scriptedServer([step, step, step, step]);
    const asked = clientForTest().registry.fetchManifest(
      repositoryAt(server, 'app'),
      wanted.manifest.digest,
      quiet(),
    );
    expect((await registryErrorOf(asked)).code).toBe('mismatch');
  });

  it('is not promoted, at the top or below an index', async () => {
    const from = await embedded();
    const to = await embedded();
    const parent = index({ children: [wanted] });
    push(from, 'from/top', wanted);
    push(from, 'from/below', parent);
    from.addFault({
      method: 'GET',
      path: new RegExp(`/manifests/${wanted.manifest.digest}`),
      times: Infinity,
      act: {
        kind: 'status',
        status: 200,
        headers: { 'Content-Type': OCI_MANIFEST, 'Docker-Content-Digest': wanted.manifest.digest },
        body: Buffer.from(other.manifest.bytes).toString(),
      },
    });
    const flag = await manifestFlag({
      from: `${from.host}/from`,
      to: [`${to.host}/to`],
      images: {
        top: { [wanted.manifest.digest]: ['v1'] },
        below: { [parent.manifest.digest]: ['v1'] },
      },
    });
    const { status, report } = await runWithReport([flag, '-confirm']);
    expect(status).toBe(1);
    expect(report.items.map(({ reason }) => reason)).toEqual([
      expect.stringContaining(`bytes that are not ${wanted.manifest.digest}`),
      expect.stringContaining(`bytes that are not ${wanted.manifest.digest}`),
    ]);
    expect(writesOf(to)).toEqual([]);
  });

  it('is not believed to be stored as something else', async () => {
    const server = await scriptedServer([
      {
        request: /^PUT/,
        answer: { status: 201, headers: { 'docker-content-digest': other.manifest.digest } },
      },
      { request: /^HEAD/, answer: { status: 404 } },
    ]);
    const put = { reference: wanted.manifest.digest, manifest: wanted.manifest };
    const asked = clientForTest().registry.putManifest(repositoryAt(server, 'app'), put, quiet());
    expect((await registryErrorOf(asked)).code).toBe('mismatch');
  });
});

function withSignatures(): Buffer {
  const document = parseJsonObject(other.manifest.bytes);
  return Buffer.from(JSON.stringify({ ...document, signatures: [{ protected: 'e30' }] }));
}
