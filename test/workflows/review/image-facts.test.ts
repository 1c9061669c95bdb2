// Covers src/workflows/review/config-fields.ts
import { expect, it } from 'vitest';
import { DOCKER_CONFIG, OCI_CONFIG } from '../../../src/image/media-types.ts';
import { parseConfig } from '../../../src/workflows/review/config-fields.ts';
import { parseContent, parseManifestFacts, platformName } from '../../../src/workflows/review/image-facts.ts';
import { buildCache, multiArch, nestedIndex } from '../../builders/images.ts';
import { built, builtIndex, spdx } from '../../builders/review-images.ts';

it('the platforms of an index are its images, without attestations', () => {
  const image = built();
  const content = parseContent(builtIndex([image], { sboms: new Map([[image, spdx()]]) }).manifest);
  expect(content.platforms).toEqual([{ name: 'linux/amd64', digest: image.manifest.digest }]);
  expect(Array.from(content.attestations.keys())).toEqual([image.manifest.digest]);
  expect(content.unknown).toEqual([]);
});

it('nested indexes and build caches are told', () => {
  expect(parseContent(nestedIndex('x').manifest).unknown).toEqual([
    '1 manifest in its index of type "application/vnd.oci.image.index.v1+json" not read',
  ]);
  expect(parseContent(buildCache('x').manifest)).toMatchObject({ platforms: [], unknown: [] });
});

it('a platform that is listed twice has a number', () => {
  const twice = builtIndex([built({ config: { User: '1' } }), built({ config: { User: '2' } })]);
  expect(parseContent(twice.manifest).platforms.map(({ name }) => name)).toEqual([
    'linux/amd64',
    'linux/amd64 #2',
  ]);
});

it('an index with very many platforms is read in part', () => {
  const children = Array.from({ length: 50 }, (_, number) => built({ config: { User: String(number) } }));
  const { platforms, unknown } = parseContent(builtIndex(children).manifest);
  expect([platforms.length, unknown]).toEqual([40, ['10 platforms beyond the first 40 not read']]);
});

it.each([
  [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'linux/arm/v7'],
  [{ os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.5936' }, 'windows/amd64 10.0.17763'],
  [{ os: 7 }, 'no platform'],
  [undefined, 'no platform'],
  [{ os: '\u001b[31m', architecture: 'x'.repeat(100) }, `\\u001b[31m/${'x'.repeat(54)}…`],
])('the platform %j is %s', (platform, name) => {
  expect(platformName(platform)).toBe(name);
});

it('the size of a manifest is that of its config and layers', () => {
  const [child = built()] = multiArch('x').children;
  const size = child.blobs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(parseManifestFacts(child.manifest)).toMatchObject({ size });
});

it.each([OCI_CONFIG, DOCKER_CONFIG])('a config of type %s has the fields that people set', (type) => {
  const config = {
    User: '',
    Entrypoint: ['/app', '-v'],
    Cmd: null,
    Env: ['A=1=2', 'B', 7],
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} },
    Labels: { a: 'b', n: 1 },
    WorkingDir: '/',
    Healthcheck: { Test: ['CMD', 'x'] },
  };
  const parsed = parseConfig(
    type,
    Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64', config })),
  );
  expect(parsed?.platform).toBe('linux/amd64');
  expect(Object.fromEntries(parsed?.fields ?? [])).toEqual({
    entrypoint: '["/app","-v"]',
    'working directory': '/',
    'health check': '{"Test":["CMD","x"]}',
    'env A': '1=2',
    'env B': '',
    'env 7': '',
    'port 80/tcp': 'yes',
    'volume /data': 'yes',
    'label a': 'b',
    'label n': '1',
  });
});

it('a config that is no JSON object is none', () => {
  expect(parseConfig(OCI_CONFIG, Buffer.from('[]'))).toBeUndefined();
});

it('the config of a chart has its metadata', () => {
  const chart = {
    name: 'app',
    version: '1.0.0',
    dependencies: [{ name: 'redis', version: '17', repository: 'oci://x' }, 3],
    annotations: { a: 'b' },
  };
  const parsed = parseConfig('application/vnd.cncf.helm.config.v1+json', Buffer.from(JSON.stringify(chart)));
  expect(Object.fromEntries(parsed?.fields ?? [])).toEqual({
    'chart name': 'app',
    'chart version': '1.0.0',
    'chart dependency redis': '17 oci://x',
    'chart annotation a': 'b',
  });
});
