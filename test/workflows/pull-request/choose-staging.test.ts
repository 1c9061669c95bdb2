import { describe, expect, it } from 'vitest';
import { chooseStaging } from '../../../src/workflows/pull-request/choose-staging.ts';
import { inFile, registryName } from '../../builders/manifests.ts';

const B = 'us-central1-docker.pkg.dev/k8s-staging-images/b';
const MANIFESTS = [
  ['k8s-staging-a', 'gcr.io/k8s-staging-a'],
  ['k8s-staging-b', B],
  ['app', 'registry.example/app'],
  ['other', 'registry.example/app'],
].map(([name = '', source = '']) =>
  inFile(`manifests/${name}/promoter-manifest.yaml`).from(source).to('prod.example/p').promote({}),
);

function choose({ project, staging }: { readonly project?: string; readonly staging?: string }) {
  const registry = staging === undefined ? undefined : registryName(staging);
  return chooseStaging(MANIFESTS, { project, staging: registry });
}

describe('the staging registry', () => {
  it.each([
    ['a', 'gcr.io/k8s-staging-a'],
    ['b', B],
    ['app', 'registry.example/app'],
  ])('of the project %s is %s', (project, source) => {
    expect(choose({ project })).toMatchObject({
      kind: 'found',
      project,
      manifest: { source: { name: source } },
    });
  });

  it('is that of the first project, unless one is named', () => {
    const staging = 'registry.example/app';
    expect(choose({ staging })).toMatchObject({ project: 'app' });
    const named = choose({ staging, project: 'other' });
    expect(named).toMatchObject({ manifest: { file: 'manifests/other/promoter-manifest.yaml' } });
  });

  it('may be of a project with another name, as in kpromo', () => {
    const choice = choose({ staging: 'gcr.io/k8s-staging-a', project: 'mine' });
    expect(choice).toMatchObject({ kind: 'found', project: 'mine' });
  });

  it.each([{ project: 'c' }, { staging: 'gcr.io/none' }])(
    'of %j is unknown, and the known ones are named',
    (choice) => {
      const found = choose(choice);
      expect(found).toMatchObject({ kind: 'unknown' });
      if (found.kind === 'unknown')
        expect(found.reason).toContain('there is k8s-staging-a (gcr.io/k8s-staging-a)');
    },
  );
});
