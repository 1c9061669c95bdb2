// Covers src/workflows/review/image-comparison.ts
// Covers src/workflows/review/read-image.ts
// Covers src/workflows/review/find-sbom.ts
// Covers src/workflows/review/compare-images.ts
import { describe, expect, it } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { expandEdges } from '../../../src/edges/expand-edges.ts';
import { DOCKER_SCHEMA1, OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { digestOf } from '../../../src/image/digest.ts';
import type { Differences, ImageReview, Review } from '../../../src/report/review/review.ts';
import { reviewImages } from '../../../src/workflows/review/review-images.ts';
import { clientForTest, embeddedForTest, quiet } from '../../adapters/oci/client.ts';
import { artifact, type Content, helmChart, push } from '../../builders/images.ts';
import { type Dmap, from } from '../../builders/manifests.ts';
import {
  AMD64,
  ARM64,
  built,
  builtIndex,
  asBlob,
  manifestOf,
  cyclonedx,
  fallbackIndex,
  sbomArtifact,
  spdx,
} from '../../builders/review-images.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';

/** Reviews a change of the dmap of one image. */
async function reviewChange(registry: EmbeddedRegistry, before: Dmap, now: Dmap): Promise<Review> {
  const wanted = (dmap: Dmap) =>
    expandEdges([from(`${registry.host}/staging`).to(`${registry.host}/prod`).promote({ app: dmap })]);
  const { registry: client } = clientForTest();
  const scope = { wanted: wanted(now), before: wanted(before) };
  return await reviewImages(scope, { registry: client, progress: new RecordingProgress() }, quiet());
}

interface Pushed {
  readonly old?: Content;
  readonly content: Content;
  readonly options?: EmbeddedRegistryOptions;
  /** More content of the staging repository, by tag. */
  readonly beside?: Readonly<Record<string, Content>>;
}

/** Reviews v1.1.0 after v1.0.0. The old image is at the destination alone. */
async function review({ old, content, options, beside = {} }: Pushed) {
  const registry = await embeddedForTest(options);
  const before: Dmap = old === undefined ? {} : { [push(registry, 'prod/app', old)]: ['v1.0.0'] };
  const digest = push(registry, 'staging/app', content);
  for (const [tag, one] of Object.entries(beside)) push(registry, 'staging/app', one, tag);
  const { images } = await reviewChange(registry, before, { [digest]: ['v1.1.0'] });
  return { registry, image: images[0], requests: requestsTo(registry) };
}

function requestsTo(registry: EmbeddedRegistry): string[] {
  return registry.requests
    .filter(({ path }) => path !== '/v2/')
    .map(({ method, path }) => `${method} ${path.replaceAll(/sha256[:-][0-9a-f]{64}/g, 'DIGEST')}`)
    .toSorted();
}

function differences(image: ImageReview | undefined): Differences {
  if (image?.result.kind !== 'compared') throw new Error(JSON.stringify(image));
  return image.result;
}

const REVISIONS = ['1'.repeat(40), '2'.repeat(40)] as const;

function labels(revision: string) {
  return {
    'org.opencontainers.image.source': 'https://github.com/example/app',
    'org.opencontainers.image.revision': revision,
  };
}

describe('the review of a new image', () => {
  it('shows platforms, sizes, fields, commits and packages of an index', async () => {
    const images = (version: 'old' | 'new') => {
      const isNew = version === 'new';
      const config = {
        User: isNew ? '0' : '65532',
        Entrypoint: ['/app', '--serve'],
        Env: ['PATH=/bin', `API_TOKEN=${version}`, ...(isNew ? ['DEBUG=1'] : [])],
        ExposedPorts: isNew ? { '8080/tcp': {} } : {},
        Labels: labels(REVISIONS[isNew ? 1 : 0]),
      };
      const platforms = isNew ? [AMD64, { os: 'linux', architecture: 's390x' }] : [AMD64, ARM64];
      const children = platforms.map((platform) =>
        built({
          platform,
          config,
          layerBytes: isNew ? 3000 : 2000,
          annotations: { 'org.opencontainers.image.base.name': `debian:${isNew ? 12 : 11}` },
        }),
      );
      const [amd64 = built()] = children;
      const packages = isNew
        ? spdx('openssl@3.1', 'zlib@1', 'curl@8')
        : spdx('openssl@3.0', 'zlib@1', 'wget@1');
      return builtIndex(children, { sboms: new Map([[amd64, packages]]) });
    };
    const { image, requests } = await review({ old: images('old'), content: images('new') });
    expect(image).toMatchObject({ tags: ['v1.1.0'], previous: { tag: 'v1.0.0', chosenBy: 'version' } });
    expect(differences(image)).toEqual({
      kind: 'compared',
      platforms: [
        { platform: 'linux/amd64', before: expect.any(Number), after: expect.any(Number) },
        { platform: 'linux/arm64', before: expect.any(Number), after: null },
        { platform: 'linux/s390x', before: null, after: expect.any(Number) },
      ],
      fields: [
        { field: 'user', platforms: [], before: '65532', after: '0' },
        { field: 'base image', platforms: [], before: 'debian:11', after: 'debian:12' },
        { field: 'env API_TOKEN', platforms: [], before: '(not shown)', after: '(not shown)' },
        { field: 'env DEBUG', platforms: [], before: null, after: '1' },
        { field: 'port 8080/tcp', platforms: [], before: null, after: 'yes' },
        {
          field: 'label org.opencontainers.image.revision',
          platforms: [],
          before: REVISIONS[0],
          after: REVISIONS[1],
        },
      ],
      moreFields: 0,
      commits: {
        before: REVISIONS[0],
        after: REVISIONS[1],
        url: `https://github.com/example/app/compare/${REVISIONS[0]}...${REVISIONS[1]}`,
      },
      packages: {
        platform: 'linux/amd64',
        gained: [{ name: 'deb/debian/curl', before: null, after: '8' }],
        lost: [{ name: 'deb/debian/wget', before: '1', after: null }],
        changed: [{ name: 'deb/debian/openssl', before: '3.0', after: '3.1' }],
        unchanged: 1,
        counts: { gained: 1, lost: 1, changed: 1 },
      },
      unknown: [],
    });
    const side = (name: string) => [
      ...Array.from({ length: 2 }, () => `GET /v2/${name}/blobs/DIGEST`), // config, SBOM
      ...Array.from({ length: 4 }, () => `GET /v2/${name}/manifests/DIGEST`), // index, two platforms, attestation
    ];
    expect(requests).toEqual([...side('prod/app'), ...side('staging/app')].toSorted());
  });

  it('asks for a manifest, a config, the referrers and the tags of a single image', async () => {
    const old = built({ config: { User: 'a' } });
    const { image, requests } = await review({ old, content: built({ config: { User: 'b' } }) });
    expect(differences(image).unknown).toEqual([
      'base image not annotated',
      'source commit not labelled',
      'packages not compared: new image: no SBOM found',
    ]);
    expect(requests).toEqual([
      'GET /v2/prod/app/blobs/DIGEST',
      'GET /v2/prod/app/manifests/DIGEST',
      'GET /v2/staging/app/blobs/DIGEST',
      'GET /v2/staging/app/manifests/DIGEST',
      'GET /v2/staging/app/referrers/DIGEST',
      'GET /v2/staging/app/tags/list',
    ]);
  });

  it('names the platforms of a difference that not all have', async () => {
    const index = (user: string) =>
      builtIndex([
        built({ platform: AMD64, config: { User: user } }),
        built({ platform: ARM64, config: {} }),
      ]);
    const { image } = await review({ old: index('1'), content: index('0') });
    expect(differences(image).fields).toEqual([
      { field: 'user', platforms: ['linux/amd64'], before: '1', after: '0' },
    ]);
  });

  it('shows all of the first image of its repository', async () => {
    const { image } = await review({ content: built({ config: { User: '0', Volumes: { '/data': {} } } }) });
    expect(image?.previous).toBeNull();
    expect(differences(image)).toMatchObject({
      platforms: [{ platform: 'linux/amd64', before: null }],
      fields: [
        { field: 'user', before: null, after: '0' },
        { field: 'volume /data', before: null, after: 'yes' },
      ],
      packages: null,
    });
  });

  it('compares Docker images with OCI images', async () => {
    const config = { Cmd: ['sh'] };
    const { image } = await review({ old: built({ config, format: 'docker' }), content: built({ config }) });
    expect(differences(image).fields).toEqual([]);
  });

  it('compares the metadata of helm charts', async () => {
    const { image } = await review({ old: helmChart('one'), content: helmChart('two') });
    expect(differences(image)).toMatchObject({
      platforms: [{ platform: 'chart' }],
      fields: [{ field: 'chart name', before: 'one', after: 'two' }],
      unknown: [],
    });
  });

  it('says what is unknown of artifacts and schema 1 manifests', async () => {
    const { image } = await review({ old: artifact('old'), content: artifact('new') });
    expect(differences(image)).toMatchObject({
      platforms: [{ platform: 'artifact' }],
      unknown: [
        'new image: artifact without a config: nothing to compare',
        'previous image: artifact without a config: nothing to compare',
      ],
    });
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 1, fsLayers: [], history: [] }));
    const manifest = { mediaType: DOCKER_SCHEMA1, digest: digestOf(bytes), bytes };
    const schema1 = await review({ old: built(), content: { manifest, blobs: [], children: [] } });
    expect(differences(schema1.image).unknown).toEqual([
      'new image: Docker schema 1 manifest: it has no config and no sizes',
    ]);
  });

  it('says which manifests of an index do not exist', async () => {
    const index = builtIndex([built({ platform: AMD64 }), built({ platform: ARM64 })]);
    const { image } = await review({
      old: built(),
      content: { ...index, children: index.children.slice(0, 1) },
      options: { validation: 'sparse' },
    });
    expect(differences(image).unknown).toContainEqual(
      expect.stringMatching(/^new image: linux\/arm64: sha256:[0-9a-f]{64} does not exist in /),
    );
  });
});

describe('the SBOM of an image', () => {
  const old = built({ config: { User: 'a' } });
  const content = built({ config: { User: 'b' } });
  const [before, after] = [cyclonedx('openssl@1'), cyclonedx('openssl@2')];
  const changed = [{ name: 'deb/debian/openssl', before: '1', after: '2' }];
  const tagOf = ({ manifest }: Content) => manifest.digest.replace(':', '-');
  const dsse = (document: object) => ({
    payloadType: 'application/vnd.in-toto+json',
    payload: Buffer.from(JSON.stringify({ predicateType: 'x', predicate: document })).toString('base64'),
  });

  it.each([
    [
      'a referrer',
      {},
      { a: sbomArtifact(before, { subject: old }), b: sbomArtifact(after, { subject: content }) },
    ],
    [
      'a referrer of the fallback tag',
      { referrers: false },
      {
        [tagOf(old)]: fallbackIndex(
          [sbomArtifact(before, { subject: old })],
          'application/vnd.cyclonedx+json',
        ),
        [tagOf(content)]: fallbackIndex(
          [sbomArtifact(after, { subject: content })],
          'application/vnd.cyclonedx+json',
        ),
      },
    ],
    [
      'the tag .sbom',
      {},
      { [`${tagOf(old)}.sbom`]: sbomArtifact(before), [`${tagOf(content)}.sbom`]: sbomArtifact(after) },
    ],
    [
      'an attestation of cosign',
      {},
      {
        [`${tagOf(old)}.att`]: sbomArtifact(dsse(before), { type: 'application/vnd.dsse.envelope.v1+json' }),
        [`${tagOf(content)}.att`]: sbomArtifact(dsse(after), {
          type: 'application/vnd.dsse.envelope.v1+json',
        }),
      },
    ],
    [
      'a bundle of Sigstore',
      {},
      {
        a: sbomArtifact(
          { dsseEnvelope: dsse(before) },
          { subject: old, type: 'application/vnd.dev.sigstore.bundle.v0.3+json' },
        ),
        b: sbomArtifact(
          { dsseEnvelope: dsse(after) },
          { subject: content, type: 'application/vnd.dev.sigstore.bundle.v0.3+json' },
        ),
      },
    ],
  ] as const)('is found as %s', async (_form, options, beside) => {
    const { image } = await review({ old, content, options: { ...options, validation: 'sparse' }, beside });
    expect(differences(image).packages).toEqual({
      platform: 'linux/amd64',
      gained: [],
      lost: [],
      changed,
      unchanged: 0,
      counts: { gained: 0, lost: 0, changed: changed.length },
    });
  });

  it('is not asked of the previous image if the new one has none', async () => {
    const beside = { a: sbomArtifact(before, { subject: old }) };
    const { image, requests } = await review({ old, content, beside });
    expect(differences(image).unknown).toContain('packages not compared: new image: no SBOM found');
    expect(requests.filter((request) => /referrers|tags/.test(request))).toHaveLength(2);
  });

  it('is not read if it is huge, and is told if it has an unknown format', async () => {
    const huge = sbomArtifact(Buffer.alloc(17 * 1024 * 1024, ' '), { subject: content });
    const { image, requests } = await review({ old, content, beside: { huge } });
    expect(differences(image).unknown).toContain(
      'packages not compared: new image: SBOM of 17 MiB not read: the limit is 16 MiB',
    );
    expect(requests.filter((request) => request.includes('/staging/app/blobs/'))).toHaveLength(1);
    const odd = sbomArtifact(Buffer.from('SPDXVersion: SPDX-2.3'), { subject: content, type: 'text/spdx' });
    const told = await review({ old, content, beside: { odd } });
    expect(differences(told.image).unknown).toContain(
      'packages not compared: new image: SBOM of unknown format: CycloneDX JSON and SPDX 2 JSON are compared',
    );
  });

  it('is not a signature or another attestation', async () => {
    const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    const beside = { signature: sbomArtifact({ messageSignature: {} }, { subject: content, type }) };
    const { image } = await review({ old, content, beside });
    expect(differences(image).unknown).toContain('packages not compared: new image: no SBOM found');
  });
});

describe('a registry that lies or does not answer', () => {
  it('fails the review of its image, and of no other', async () => {
    const registry = await embeddedForTest();
    const [good, bad] = [built({ config: { User: 'good' } }), built({ config: { User: 'bad' } })];
    const digests = [good, bad].map((content) => push(registry, 'staging/app', content));
    registry.addFault({
      method: 'GET',
      path: new RegExp(bad.manifest.digest),
      act: { kind: 'status', status: 200, body: '{"schemaVersion":2}' },
      times: Number.POSITIVE_INFINITY,
    });
    const { images } = await reviewChange(
      registry,
      {},
      { [digests[0] ?? '']: ['v1'], [digests[1] ?? '']: ['v2'] },
    );
    expect(images.map(({ result }) => result)).toMatchObject([
      { kind: 'compared' },
      { kind: 'failed', reason: expect.stringContaining('served 19 bytes that are not sha256:') },
    ]);
  });

  it('says that the new image does not exist at its source', async () => {
    const registry = await embeddedForTest();
    const { digest } = built().manifest;
    const { images } = await reviewChange(registry, {}, { [digest]: ['v1'] });
    expect(images[0]?.result).toEqual({
      kind: 'failed',
      reason: `${digest} does not exist in ${registry.host}/staging/app`,
    });
  });

  it('leaves the fields of the new image where the previous one cannot be read', async () => {
    const registry = await embeddedForTest();
    const digest = push(registry, 'staging/app', built({ config: { User: '0' } }));
    const { digest: old } = built().manifest;
    const { images } = await reviewChange(registry, { [old]: ['v1'] }, { [digest]: ['v2'] });
    expect(differences(images[0])).toMatchObject({
      fields: [{ field: 'user', before: null, after: '0' }],
      unknown: expect.arrayContaining([
        `previous image not read, so everything counts as new: ${old} does not exist in ${registry.host}/prod/app, ${registry.host}/staging/app`,
      ]),
    });
  });

  it('bounds texts and fields of hostile configs', async () => {
    const Labels = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`l${n}`, 'x'.repeat(1000)]));
    const nested = JSON.parse(`${'['.repeat(9000)}${']'.repeat(9000)}`);
    const config = { Labels, User: 'a\u001b[31m\u202e\n', Env: [{ toString: 1 }, null, 7], Cmd: nested };
    const { image } = await review({ content: built({ config }) });
    const { fields, moreFields } = differences(image);
    expect({ shown: fields.length, moreFields }).toMatchObject({ shown: 300 });
    expect(fields[0]).toMatchObject({ field: 'user', after: 'a\\u001b[31m\\u202e' });
    expect(Math.max(...fields.map(({ field, after }) => `${field}${after}`.length))).toBeLessThan(700);
  });
});

describe('a config that is nested very deeply', () => {
  it('is told, and hides nothing else', async () => {
    const depth = 200_000;
    const text = `{"config":{"User":"root","Cmd":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    const config = asBlob(OCI_CONFIG, Buffer.from(text));
    const layer = asBlob(OCI_LAYER_GZIP, Buffer.from('layer'));
    const content = builtIndex([manifestOf(OCI_MANIFEST, { config, layers: [layer], platform: AMD64 })]);
    const { image } = await review({ old: builtIndex([built()]), content });
    expect(differences(image)).toMatchObject({
      platforms: [{ platform: 'linux/amd64' }],
      unknown: expect.arrayContaining(['new image: its config is nested too deeply to be compared']),
    });
  });
});

describe('what is new', () => {
  it('is no digest that is promoted already, whatever its new tags', async () => {
    const registry = await embeddedForTest();
    const digest = push(registry, 'staging/app', built());
    const review = await reviewChange(registry, { [digest]: ['v1'] }, { [digest]: ['v1.0'] });
    expect(review).toMatchObject({ images: [], promoted: [{ digest, tags: ['v1.0'] }] });
    expect(registry.requests).toEqual([]);
  });

  it('is a digest once, with all of its tags', async () => {
    const registry = await embeddedForTest();
    const digest = push(registry, 'staging/app', built());
    const { images } = await reviewChange(registry, {}, { [digest]: ['v1', 'v1.0', 'latest'] });
    expect(images).toMatchObject([{ digest, tags: ['latest', 'v1', 'v1.0'] }]);
  });
});
