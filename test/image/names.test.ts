// Covers src/image/digest.ts
// Covers src/image/reference.ts
// Covers src/image/repository.ts
// Covers src/image/tag.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, isDigest, matchesDigest, parseDigest } from '../../src/image/digest.ts';
import { formatReference } from '../../src/image/reference.ts';
import {
  hostOf,
  parseImageName,
  parseRegistryName,
  parseRepository,
  pathOf,
  repositoryOf,
} from '../../src/image/repository.ts';
import { parseTag } from '../../src/image/tag.ts';
import { digest, repository, tag } from '../builders/manifests.ts';

type Parse = (text: string) => string | undefined;

function accepts(parse: Parse, texts: readonly string[]): void {
  it.each(texts.map((text) => [text]))('accepts %j as it is written', (text) => {
    expect(parse(text)).toBe(text);
  });
}

function refuses(parse: Parse, texts: readonly string[]): void {
  it.each(texts.map((text) => [text]))('refuses %j', (text) => {
    expect(parse(text)).toBeUndefined();
  });
}

const HEX = '0123456789abcdef'.repeat(4);

describe('a digest', () => {
  accepts(parseDigest, [
    `sha256:${HEX}`,
    `sha256:${'0'.repeat(64)}`,
    `sha256:${'f'.repeat(64)}`,
    `sha512:${HEX}${HEX}`,
  ]);

  refuses(parseDigest, [
    '',
    'sha256:',
    HEX,
    `sha256:${HEX.slice(1)}`,
    `sha256:${HEX}0`,
    `sha256:${HEX.slice(1)}g`,
    `sha256:${HEX.toUpperCase()}`,
    `SHA256:${HEX}`,
    `sha256-${HEX}`,
    `sha256:${HEX}\n`,
    ` sha256:${HEX}`,
    `sha512:${HEX}`,
    `sha256:${HEX}${HEX}`,
    `md5:${HEX.slice(32)}`,
    `sha384:${HEX}${HEX.slice(32)}`,
    `constructor:${HEX}`,
  ]);

  it('of bytes is their sha256', () => {
    const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    expect(digestOf(new Uint8Array())).toBe(empty);
    expect(matchesDigest(new Uint8Array(), digestOf(new Uint8Array()))).toBe(true);
    expect(matchesDigest(new Uint8Array([0]), digestOf(new Uint8Array()))).toBe(false);
  });

  it('is checked in its own algorithm', () => {
    const text =
      'sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f';
    const digest = parseDigest(text);
    expect(digest !== undefined && matchesDigest(Buffer.from('abc'), digest)).toBe(true);
    expect(digest !== undefined && matchesDigest(Buffer.from('abd'), digest)).toBe(false);
  });
});

describe('a tag', () => {
  accepts(parseTag, [
    'a',
    '_',
    'latest',
    '_latest',
    '_____----hello........',
    'v1.2.3',
    '1',
    'x'.repeat(128),
  ]);

  refuses(parseTag, [
    '',
    '.',
    '-',
    '.a',
    '-a',
    '한글',
    'a b',
    ' a',
    'a\n',
    'a/b',
    'a:b',
    'a@b',
    'a+b',
    'x'.repeat(129),
    'x'.repeat(1000),
  ]);

  it('is never taken for a digest, nor the other way round', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 140 }), (text) => {
        expect(parseTag(text) !== undefined && isDigest(text)).toBe(false);
      }),
      { seed: 11 },
    );
    expect(isDigest(digest('a'))).toBe(true);
  });
});

describe('a registry name', () => {
  accepts(parseRegistryName, [
    'gcr.io',
    'gcr.io/foo',
    'us.gcr.io/foo/bar',
    'us-central1-docker.pkg.dev/k8s-artifacts-prod/images',
    'registry.k8s.io',
    'localhost',
    'localhost:5000/x',
    '127.0.0.1:5000/a',
    '[::1]:5000/a',
    'a.b/c__d/e-f/g---h.i',
  ]);

  refuses(parseRegistryName, [
    '1127.0.0.1:1/a', // no URL has it, found by test/fuzz
    '[::::]/a',
    '',
    'library/nginx',
    'foo',
    'gcr..io/foo',
    '.gcr.io/foo',
    'gcr.io./foo',
    'gcr.io//foo',
    '/gcr.io/foo',
    'gcr.io/foo/',
    'gcr.io/',
    'gcr.io/Foo',
    'gcr.io/foo_',
    'gcr.io/-foo',
    'gcr.io/foo..bar',
    'gcr.io/foo___bar',
    'gcr.io/../x',
    'gcr.io:port/x',
    'gcr.io:123456/x',
    'https://gcr.io/foo',
    'gcr.io/foo:v1',
    'user@gcr.io/foo',
    'gcr.io/foo bar',
    'gcr.io/foo\n',
    `gcr.io/${'a'.repeat(256)}`,
  ]);
});

describe('an image name', () => {
  accepts(parseImageName, [
    'app',
    'kubernetes/kube-apiserver',
    'a.b',
    'a_b',
    'a__b',
    'a--b',
    '123',
    'a'.repeat(255),
  ]);

  refuses(parseImageName, [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'A',
    'a:b',
    'a@b',
    '..',
    'a..b',
    'a b',
    'é',
    'a'.repeat(256),
  ]);
});

describe('a repository', () => {
  accepts(parseRepository, ['gcr.io/foo/bar', 'localhost:5000/a']);
  refuses(parseRepository, ['gcr.io', 'foo/bar', '']);

  it('is its registry and its image, and has a host and a path', () => {
    const registry = parseRegistryName('localhost:5000/prod/images');
    const image = parseImageName('kubernetes/app');
    if (registry === undefined || image === undefined) throw new Error('the names are valid');
    const whole = repositoryOf(registry, image);
    expect(whole).toBe('localhost:5000/prod/images/kubernetes/app');
    expect(hostOf(whole)).toBe('localhost:5000');
    expect(pathOf(whole)).toBe('prod/images/kubernetes/app');
    expect(hostOf(registry)).toBe('localhost:5000');
  });

  it('is written with @ before a digest and : before a tag', () => {
    expect(formatReference(repository('gcr.io/a/b'), tag('v1'))).toBe('gcr.io/a/b:v1');
    expect(formatReference(repository('gcr.io/a/b'), digest('a'))).toBe(`gcr.io/a/b@${digest('a')}`);
  });
});
