import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDigest, parseDigest } from '../../src/image/digest.ts';
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
import { parseMirror, throughMirror } from '../../src/workflows/verify/mirror.ts';
import { FUZZ, longTextOf, nearly, textOf, toTheEnd } from './fuzzing.ts';

const name = fc.oneof(
  textOf('aZ09-._/:@=[] \n', [
    '--',
    '__',
    '..',
    '%2f',
    'gcr.io',
    'localhost',
    ':5000',
    'sha256:',
    'sha512:',
    'a'.repeat(64),
    'f'.repeat(128),
  ]),
  nearly(
    'gcr.io/a',
    'eu.gcr.io/k8s-artifacts-prod/images/kubernetes/pause',
    'localhost:5000/group/app',
    '127.0.0.1:1/a__b',
  ),
  nearly(`sha256:${'a'.repeat(64)}`, `sha512:${'0'.repeat(128)}`, 'v1.0_rc-1', '1.10', 'latest', 'group/app'),
);

describe('names of any user or server', () => {
  it('are printed as they were written, and are fit for a URL', () => {
    fc.assert(
      fc.property(name, (text) => {
        for (const parse of [parseDigest, parseTag, parseImageName, parseRegistryName, parseRepository]) {
          const parsed = parse(text);
          if (parsed === undefined) continue;
          expect(parsed).toBe(text);
          expect(text).toMatch(/^[\w.:/[\]-]+$/);
          expect(text.split('/')).not.toContain('..');
        }
      }),
      FUZZ,
    );
  });

  it('a tag is no digest, and a digest has the length of its algorithm', () => {
    fc.assert(
      fc.property(name, (text) => {
        const digest = parseDigest(text);
        if (digest !== undefined) expect([7 + 64, 7 + 128]).toContain(text.length);
        if (parseTag(text) !== undefined) expect(isDigest(text)).toBe(false);
      }),
      FUZZ,
    );
  });

  it('a repository is its host and its path, and nothing is lost between them', () => {
    fc.assert(
      fc.property(name, name, (registryText, imageText) => {
        const registry = parseRegistryName(registryText);
        const image = parseImageName(imageText);
        if (registry === undefined || image === undefined) return;
        const repository = repositoryOf(registry, image);
        expect(`${hostOf(repository)}/${pathOf(repository)}`).toBe(repository);
        expect(hostOf(repository)).toBe(hostOf(registry));
        expect(new URL(`https://${hostOf(repository)}/v2/${pathOf(repository)}/`).pathname).toBe(
          `/v2/${pathOf(repository)}/`,
        );
      }),
      FUZZ,
    );
  });

  it('a reference is written so that its parts can be told again', () => {
    const digest = fc.constantFrom('a', '0').map((digit) => parseDigest(`sha256:${digit.repeat(64)}`));
    const tag = fc.stringMatching(/^\w[\w.-]{0,20}$/).map(parseTag);
    const repository = fc
      .stringMatching(/^[a-z]{1,5}\.io(?::[1-9]\d{0,3})?(?:\/[a-z0-9]{1,5}){1,3}$/)
      .map(parseRepository);
    fc.assert(
      fc.property(repository, fc.oneof(digest, tag), (place, reference) => {
        if (place === undefined || reference === undefined) throw new Error('the generators are wrong');
        const written = formatReference(place, reference);
        const at = written.lastIndexOf(isDigest(reference) ? '@' : ':');
        expect([written.slice(0, at), written.slice(at + 1)]).toEqual([place, reference]);
      }),
      FUZZ,
    );
  });

  it('what a front calls a repository is a repository of the front', () => {
    const roots = fc.constantFrom(
      'front.io',
      'front.io=a',
      'front.io=a/a',
      'registry.k8s.io',
      'localhost:5000=0',
    );
    fc.assert(
      fc.property(fc.oneof(roots, name), name, (via, text) => {
        const front = parseMirror(via);
        const repository = parseRepository(`gcr.io/${text}`);
        if (front === undefined || repository === undefined) return;
        const asked = throughMirror(repository, front);
        if (asked === undefined) return;
        expect(hostOf(asked)).toBe(front.host);
        expect(repository.endsWith(`/${pathOf(asked)}`)).toBe(true);
      }),
      FUZZ,
    );
  });
});

describe('a name of millions of characters is read to its end', () => {
  it.each(['a', 'a-', 'a.', 'a/', 'a_', '-', '0', ':', '[', '..', 'a--a'])('of %j', (piece) => {
    const text = longTextOf(piece);
    for (const parse of [
      parseDigest,
      parseTag,
      parseImageName,
      parseRegistryName,
      parseRepository,
      parseMirror,
    ]) {
      for (const [start, end] of [
        ['', ''],
        ['gcr.io/', '!'],
        ['sha256:', ''],
        ['a', '!'],
      ] as const) {
        toTheEnd(() => parse(start + text + end));
      }
    }
  });
});
