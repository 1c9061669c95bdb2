import { describe, expect, it } from 'vitest';
import { parseMirror, throughMirror } from '../../../src/workflows/verify/mirror.ts';
import { repository } from '../../builders/manifests.ts';

describe('the host of -via', () => {
  it.each([
    ['registry.k8s.io', { host: 'registry.k8s.io', root: 'k8s-artifacts-prod/images' }],
    ['registry.k8s.io=other', { host: 'registry.k8s.io', root: 'other' }],
    ['127.0.0.1:5000', { host: '127.0.0.1:5000', root: '' }],
    ['localhost=a/b', { host: 'localhost', root: 'a/b' }],
  ])('%s is understood', (text, front) => expect(parseMirror(text)).toEqual(front));

  it.each(['', 'front', 'https://registry.k8s.io', 'a.io/path', 'a.io=', 'a.io=/b', 'a.io=B', 'a.io=b=c'])(
    '%j is not',
    (text) => expect(parseMirror(text)).toBeUndefined(),
  );
});

describe('the mirror name of a repository', () => {
  it.each([
    // as archeio has it: all regions under one name, nested destinations under nested names
    [
      'registry.k8s.io',
      'us-central1-docker.pkg.dev/k8s-artifacts-prod/images/pause',
      'registry.k8s.io/pause',
    ],
    [
      'registry.k8s.io',
      'europe-west8-docker.pkg.dev/k8s-artifacts-prod/images/kubernetes/pause',
      'registry.k8s.io/kubernetes/pause',
    ],
    ['front.io', 'eu.gcr.io/prod/app', 'front.io/prod/app'],
    ['front.io=prod', 'eu.gcr.io/prod/group/app', 'front.io/group/app'],
  ])('through %s, %s is %s', (via, destination, name) => check(via, destination, name));

  it.each([
    ['registry.k8s.io', 'gcr.io/k8s-staging-x/app'],
    ['front.io=prod', 'eu.gcr.io/production/app'],
    ['front.io=prod', 'eu.gcr.io/a/prod/app'],
    ['front.io=prod/app', 'eu.gcr.io/prod/app'],
  ])('%s has no name for %s', (via, destination) => check(via, destination, undefined));
});

function check(via: string, destination: string, name: string | undefined): void {
  const front = parseMirror(via);
  expect(front).toBeDefined();
  expect(front && throughMirror(repository(destination), front)).toBe(name);
}
