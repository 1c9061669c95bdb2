import { describe, expect, it } from 'vitest';
import { sortedBy } from '../../../src/base/sorted.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_CONFIG, OCI_INDEX } from '../../../src/image/media-types.ts';
import { artifact, type Content, image, index, push, pushOverHttp } from '../../builders/images.ts';
import { ask, jsonOf, startForTest, summaryOf } from '../wire.ts';

const subject = image({ seed: 'app' });
const PATH = `/v2/app/referrers/${subject.manifest.digest}`;

function describeReferrer({ manifest }: Content, extras: object) {
  return { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length, ...extras };
}

describe('referrers', () => {
  const sbom = artifact('sbom', { subject, artifactType: 'application/spdx+json' });
  const signed = image({ seed: 'signature', subject, annotations: { by: 'someone' } });
  const bundle = index({ children: [], subject });

  it('are listed as an index, with their types and annotations', async () => {
    const registry = await startForTest();
    for (const content of [subject, sbom, signed, bundle, artifact('unrelated')])
      push(registry, 'app', content);
    const answer = await ask(registry, `GET ${PATH}`);
    expect(answer.headers['content-type']).toBe(OCI_INDEX);
    expect(answer.headers['oci-filters-applied']).toBeUndefined();
    const manifests = [
      describeReferrer(sbom, { artifactType: 'application/spdx+json' }),
      describeReferrer(signed, { artifactType: OCI_CONFIG, annotations: { by: 'someone' } }),
      describeReferrer(bundle, {}),
    ];
    expect(jsonOf(answer)).toEqual({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: sortedBy(manifests, ({ digest }) => digest),
    });
  });

  it('are filtered by type, which the answer says', async () => {
    const registry = await startForTest();
    for (const content of [sbom, signed]) push(registry, 'app', content);
    const answer = await ask(registry, `GET ${PATH}?artifactType=application/spdx%2Bjson`);
    expect(answer.headers['oci-filters-applied']).toBe('artifactType');
    expect(jsonOf(answer)).toMatchObject({ manifests: [{ digest: sbom.manifest.digest }] });
  });

  it('are none for a digest that nothing refers to, and a malformed digest is refused', async () => {
    const registry = await startForTest();
    const answer = await ask(registry, `GET /v2/none/referrers/${digestOf(Buffer.from('x'))}`);
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toMatchObject({ manifests: [] });
    expect(summaryOf(await ask(registry, 'GET /v2/none/referrers/v1'))).toBe('400 DIGEST_INVALID');
  });

  it('are announced when the manifest is put, whether the subject is there or not', async () => {
    const registry = await startForTest();
    await pushOverHttp(registry.url, 'app', sbom);
    const headers = { 'Content-Type': sbom.manifest.mediaType };
    const answer = await ask(registry, 'PUT /v2/app/manifests/sbom', { headers, body: sbom.manifest.bytes });
    expect([answer.status, answer.headers['oci-subject']]).toEqual([201, subject.manifest.digest]);
  });

  it('go when their manifest is deleted', async () => {
    const registry = await startForTest();
    push(registry, 'app', sbom);
    registry.store.deleteManifest('app', sbom.manifest.digest);
    expect(jsonOf(await ask(registry, `GET ${PATH}`))).toMatchObject({ manifests: [] });
  });

  it('are not known to a registry without them', async () => {
    const registry = await startForTest({ referrers: false });
    push(registry, 'app', sbom);
    expect((await ask(registry, `GET ${PATH}`)).status).toBe(404);
    const headers = { 'Content-Type': sbom.manifest.mediaType };
    const answer = await ask(registry, 'PUT /v2/app/manifests/sbom', { headers, body: sbom.manifest.bytes });
    expect([answer.status, answer.headers['oci-subject']]).toEqual([201, undefined]);
  });
});
