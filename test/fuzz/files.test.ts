import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DockerConfigError,
  parseDockerConfig,
} from '../../src/adapters/docker-config/parse-docker-config.ts';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { parseDigest } from '../../src/image/digest.ts';
import { parseImageName, parseRegistryName } from '../../src/image/repository.ts';
import { parseTag } from '../../src/image/tag.ts';
import { decodeText } from '../../src/manifest/layout/decode.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { parsePlain } from '../../src/manifest/parse-manifest.ts';
import { renderProblem } from '../../src/manifest/problem.ts';
import { SourceFile } from '../../src/manifest/source-file.ts';
import { damaged, FUZZ, jsonOf, longTextOf, textOf, toTheEnd, UNPRINTABLE } from './fuzzing.ts';

const A = `sha256:${'a'.repeat(64)}`;
const GOOD = `registries:
- name: gcr.io/staging
  src: true
- name: eu.gcr.io/prod
  service-account: promoter@example.iam.gserviceaccount.com
images:
- name: app
  dmap:
    "${A}": ["v1", "1.10"]
    "sha256:${'b'.repeat(64)}": []
`;

describe('a promoter manifest of any author', () => {
  const pieces = textOf('\n\t\u0000{}[]"\'', [
    'registries:',
    'images:',
    '- ',
    'name: ',
    'dmap:',
    '\n  ',
    '\n- ',
    ': ',
    ', ',
    '&a ',
    '*a',
    '<<: *a',
    '!!str ',
    '!tag ',
    '? ',
    '| ',
    '> ',
    '# ',
    '---\n',
    '...\n',
    '\r\n',
    'src: true',
    'gcr.io/a',
    'app',
    A,
    'v1',
    '%YAML 1.2\n',
  ]);
  const bytes = fc.oneof(
    damaged(fc.constant(GOOD)),
    pieces.map((text) => Buffer.from(text)),
    jsonOf(
      ['registries', 'images', 'name', 'src', 'dmap', A],
      ['gcr.io/a', 'app', 'v1', true, 1, null, ''],
    ).map((value) => Buffer.from(JSON.stringify(value))),
    fc.uint8Array(),
  );

  it('is a model of well-formed names, with a place in the file for each problem', () => {
    fc.assert(
      fc.property(bytes, (content) => {
        const decoded = decodeText(content);
        const source = new SourceFile('m.yaml', 'text' in decoded ? decoded.text : decoded.shown);
        const { manifest } = parsePlain(source);
        for (const problem of source.problems) {
          expect(problem.at.line).toBeGreaterThan(0);
          expect(problem.at.column).toBeGreaterThan(0);
          expect(problem.at.line).toBeLessThanOrEqual(source.text.split(/\r\n|\r|\n/).length);
          expect(renderProblem(problem).replaceAll('\n', '')).not.toMatch(UNPRINTABLE);
        }
        if (manifest !== undefined) expectGrammar(manifest);
      }),
      FUZZ,
    );
  });

  it('is read as it stands where it is whole', () => {
    const { manifest } = parsePlain(new SourceFile('m.yaml', GOOD));
    expect(manifest === undefined ? 0 : expandEdges([manifest]).edges).toBe(3);
  });

  it.each([
    '- ',
    '[',
    '{',
    '&a ',
    '*a',
    '"',
    '# ',
    '\n',
    ' ',
    '? ',
    'a: ',
    '- a: 1\n',
    '---\n',
    '|\n',
    '\t',
    '<<: ',
  ])('is read to its end if it is full of %j', (piece) => {
    const text = longTextOf(piece).slice(0, 200_000);
    toTheEnd(() => parsePlain(new SourceFile('m.yaml', text)));
  });
});

describe('a docker configuration of any tool', () => {
  const document = jsonOf(
    [
      'auths',
      'auth',
      'username',
      'password',
      'identitytoken',
      'credHelpers',
      'credsStore',
      'gcr.io',
      'https://a.io/v1/',
    ],
    ['', 'YTpi', 'desktop', Buffer.from('canary:canary-password').toString('base64'), 1, null, {}, []],
  ).map((value) => JSON.stringify(value));

  it('is credentials by place, or refused without a word of what stands in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          document,
          damaged(document).map((bytes) => Buffer.from(bytes).toString()),
        ),
        (text) => {
          try {
            const { credentials, helpers } = parseDockerConfig(text, 'config.json');
            expect(helpers).toBeInstanceOf(Map);
            for (const credential of credentials.values()) {
              if (credential instanceof DockerConfigError) expect(credential.message).not.toContain('canary');
            }
          } catch (error) {
            expect(error).toBeInstanceOf(DockerConfigError);
            expect(String(error)).not.toContain('canary');
          }
        },
      ),
      FUZZ,
    );
  });
});

function expectGrammar({ source, destinations, images }: PromoterManifest): void {
  for (const { name } of [source, ...destinations]) expect(parseRegistryName(name)).toBe(name);
  expect(destinations.length).toBeGreaterThan(0);
  for (const { name, digests } of images) {
    expect(parseImageName(name)).toBe(name);
    for (const { digest, tags } of digests) {
      expect(parseDigest(digest)).toBe(digest);
      for (const { tag } of tags) expect(parseTag(tag)).toBe(tag);
    }
  }
}
