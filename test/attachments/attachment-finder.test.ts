// Covers src/attachments/read-attachment.ts

import { describe, expect, it } from 'vitest';
import { AttachmentFinder } from '../../src/attachments/attachment-finder.ts';
import { cosignTagOf, referrersTagOf } from '../../src/image/attachment-tags.ts';
import { readAttachment } from '../../src/attachments/read-attachment.ts';
import type { EmbeddedRegistryOptions } from '../../src/embedded-registry/embedded-registry.ts';
import { OCI_INDEX } from '../../src/image/media-types.ts';
import { clientForTest, embeddedForTest, quiet, repositoryAt } from '../adapters/oci/client.ts';
import { attach, BUNDLE, bundle, pushCosign, referrersIndex } from '../builders/attachments.ts';
import { artifact, type Content, image, index, multiArch, push } from '../builders/images.ts';

const APP = image({ seed: 'app' });
const SUBJECT = APP.manifest.digest;
const BUNDLES = ['one', 'two'].map((seed) => bundle(seed, APP));
const SIGNATURE = artifact('signature');

async function registryWith(options: EmbeddedRegistryOptions = {}) {
  const registry = await embeddedForTest(options);
  const client = clientForTest().registry;
  const finder = new AttachmentFinder(client);
  const repository = repositoryAt(registry, 'app');
  const of = (subject: Content = APP) => finder.of(repository, subject.manifest.digest, quiet());
  const ignored = (subject: Content = APP) => finder.ignoredAt(repository, subject.manifest.digest);
  const kinds = () => registry.requests.map(({ kind }) => kind).toSorted();
  const read = async (subject: Content = APP) => {
    const found = await of(subject);
    const at = { repository, subject: subject.manifest.digest };
    return Promise.all(found.map((attachment) => readAttachment(client, { ...at, attachment }, quiet())));
  };
  push(registry, 'app', APP, 'v1');
  return { registry, of, read, ignored, kinds };
}

const digestsOf = (contents: readonly Content[]) =>
  contents.map(({ manifest }) => manifest.digest).toSorted();

describe('referrers', () => {
  it.each([
    { referrers: true, kind: 'api', requests: ['referrers', 'tags'] },
    { referrers: false, kind: 'fallback', requests: ['manifest-get', 'referrers', 'tags'] },
  ])('are found by the $kind, with their types', async ({ referrers, kind, requests }) => {
    const { registry, of, kinds } = await registryWith({ referrers });
    if (referrers) for (const one of BUNDLES) push(registry, 'app', one);
    else attach(registry, 'app', APP, ...BUNDLES);
    const found = await of();
    expect(found.map(({ manifest }) => manifest.digest).toSorted()).toEqual(digestsOf(BUNDLES));
    expect(found).toMatchObject(BUNDLES.map(() => ({ artifactType: BUNDLE, place: { kind } })));
    expect(found.every(({ manifest }) => manifest.size > 100 && manifest.mediaType !== '')).toBe(true);
    expect(kinds()).toEqual(requests);
  });

  it('take one listing and one probe for all the digests of a repository, at the same time', async () => {
    const { registry, of, kinds } = await registryWith({ referrers: false });
    const app = multiArch('apps', { platforms: 5 });
    push(registry, 'app', app);
    attach(registry, 'app', app, bundle('index', app));
    const found = await Promise.all([app, ...app.children].map((one) => of(one)));
    expect(found.map(({ length }) => length)).toEqual([1, 0, 0, 0, 0, 0]);
    await Promise.all([app, ...app.children].map((one) => of(one)));
    expect(kinds()).toEqual(['manifest-get', 'referrers', 'tags']);
  });

  it('are not the children of an image that the registry serves for the referrers tag', async () => {
    const { registry, of, ignored } = await registryWith({ referrers: false });
    const app = index({ children: [APP] });
    push(registry, 'app', app, referrersTagOf(app.manifest.digest)); // as GitLab does
    expect(await of(app)).toEqual([]);
    expect(ignored(app)).toEqual([]);
  });

  it('are bounded in number, and the others are told', async () => {
    const { registry, of, ignored } = await registryWith({ referrers: false });
    const entries = Array.from({ length: 10_007 }, (_, number) => {
      const digest = `sha256:${number.toString(16).padStart(64, '0')}`;
      return { mediaType: '', digest, size: 1 };
    });
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }));
    registry.store.putManifest('app', referrersTagOf(SUBJECT), OCI_INDEX, body);
    expect(await of()).toHaveLength(10_000);
    expect(ignored()).toEqual([
      { subject: SUBJECT, reason: '7 of 10007 referrers are over the limit of 10000' },
    ]);
  });

  it('of more bytes than a manifest has are ignored', async () => {
    const { registry, of, ignored } = await registryWith({ referrers: false });
    const [one] = BUNDLES.map(({ manifest }) => manifest);
    const entry = { mediaType: OCI_INDEX, digest: one?.digest, size: 5_000_000 };
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry, { digest: SUBJECT }] }));
    registry.store.putManifest('app', referrersTagOf(SUBJECT), OCI_INDEX, body);
    expect(await of()).toEqual([]);
    expect(ignored().map(({ reason }) => reason)).toEqual([
      'its manifest has 5000000 bytes',
      'it refers to itself',
    ]);
  });
});

describe('tags of cosign', () => {
  it.each(['oci', 'google'] as const)('are found by the listing and read once: %s', async (listing) => {
    const { registry, of, read, kinds } = await registryWith({ listing });
    pushCosign(registry, 'app', { subject: APP, suffix: 'sig', content: SIGNATURE });
    expect(await of()).toMatchObject([
      {
        manifest: { digest: SIGNATURE.manifest.digest },
        artifactType: 'application/octet-stream',
        place: { kind: 'tag', suffix: 'sig', tag: cosignTagOf(SUBJECT, 'sig') },
      },
    ]);
    expect(await read()).toMatchObject([{ manifest: { digest: SIGNATURE.manifest.digest } }]);
    expect(kinds()).toEqual(['manifest-get', 'referrers', 'tags']);
  });

  it('are requested one by one where tags cannot be listed', async () => {
    const path = /\/tags\/list/;
    const act = { kind: 'status', status: 403 } as const;
    const { registry, of, kinds } = await registryWith({
      faults: [{ method: 'GET', path, act, times: Infinity }],
    });
    pushCosign(registry, 'app', { subject: APP, suffix: 'att', content: SIGNATURE });
    expect(await of()).toMatchObject([{ place: { suffix: 'att' } }]);
    expect(kinds().filter((kind) => kind === 'manifest-get')).toHaveLength(3);
  });

  it('fail the search while the registry does not list them for a moment', async () => {
    const act = { kind: 'status', status: 503 } as const;
    const { of } = await registryWith({
      faults: [{ method: 'GET', path: /\/tags\/list/, act, times: Infinity }],
    });
    await expect(of()).rejects.toThrow('503');
  });
});

describe('an attachment that is read', () => {
  it('has to name its subject', async () => {
    const { registry, read } = await registryWith({ referrers: false });
    const other = image({ seed: 'other' });
    const lying = bundle('lying', other);
    attach(registry, 'app', APP, ...BUNDLES.slice(0, 1), lying, artifact('none'));
    expect(await read()).toMatchObject([
      { manifest: { digest: BUNDLES[0]?.manifest.digest } },
      { ignored: `its subject is another digest, ${other.manifest.digest}` },
      { ignored: 'it names no subject' },
    ]);
  });

  it('may not name another subject under a tag of cosign', async () => {
    const { registry, read } = await registryWith();
    const content = bundle('of another', image({ seed: 'other' }));
    pushCosign(registry, 'app', { subject: APP, suffix: 'sig', content });
    expect(await read()).toMatchObject([{ ignored: expect.stringContaining('its subject is another') }]);
  });

  it('is ignored if it is missing', async () => {
    const { registry, read } = await registryWith({ referrers: false });
    const { mediaType, bytes } = referrersIndex(BUNDLES.map(({ manifest }) => manifest));
    registry.store.putManifest('app', referrersTagOf(SUBJECT), mediaType, bytes);
    expect(await read()).toEqual(BUNDLES.map(() => ({ ignored: 'it is listed, but does not exist' })));
  });
});
