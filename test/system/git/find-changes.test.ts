// Covers src/workflows/changes/find-changes.ts
// Covers src/manifest/version-parser.ts
// Covers src/workflows/changes/change-findings.ts
// Covers src/workflows/changes/touched-orphans.ts
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, asyncProperty, constantFrom, dictionary, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGitHistory } from '../../../src/adapters/git/history.ts';
import { expandEdges } from '../../../src/edges/expand-edges.ts';
import { type ManifestLocation, readManifests } from '../../../src/manifest/read-manifests.ts';
import { type DiffBase, findChanges } from '../../../src/workflows/changes/find-changes.ts';
import { GIT_ENV, type GitRepository, gitRepository, type Tree } from '../../builders/git-repository.ts';
import { digest } from '../../builders/manifests.ts';
import { runs } from '../../builders/property-runs.ts';
import { edgesOfWanted } from '../../builders/wanted-edges.ts';

const NEVER = new AbortController().signal;
const A = digest('a');
const B = digest('b');
const C = digest('c');
const PARENT: DiffBase = { kind: 'parent' };

/** The files of a project: registries, and lines of its list of images. */
function project(name: string, images: string, { to = ['eu.io/p'], from = 's.io/s' } = {}): Tree {
  const registries = [`- name: ${from}`, '  src: true', ...to.map((one) => `- name: ${one}`)];
  return {
    [`manifests/${name}/promoter-manifest.yaml`]: `registries:\n${registries.join('\n')}\n`,
    [`images/${name}/images.yaml`]: images,
  };
}

const app = (...entries: readonly string[]) =>
  `- name: app\n  dmap:\n${entries.map((entry) => `    ${entry}\n`).join('')}`;
const BASE = project('a', app(`"${A}": ["v1"]`));

async function changesIn({ directory }: GitRepository, diff: DiffBase = PARENT, where?: ManifestLocation) {
  const location = where ?? { kind: 'thin', directory };
  const read = await readManifests(location, NEVER);
  const request = { where: location, diff: { ...diff, removals: 'error' as const }, read, siblings: true };
  const history = createGitHistory(location, GIT_ENV);
  const found = await findChanges(
    request,
    { history, readFile: (file) => readFile(join(directory, file)) },
    NEVER,
  );
  return { ...found, edges: edgesOfWanted(found.wanted), head: edgesOfWanted(expandEdges(read.manifests)) };
}

async function changesBetween(base: Tree, head: Tree) {
  const repository = await gitRepository();
  repository.commit(base);
  repository.commit(head);
  return await changesIn(repository);
}

describe('what changed', () => {
  it.each<[string, Tree, readonly string[]]>([
    ['nothing', BASE, []],
    [
      'a digest in double quotes',
      project('a', app(`"${A}": ["v1"]`, `"${B}": ["v2"]`)),
      ['eu.io/p/app:v2 = b'],
    ],
    ['a bare digest', project('a', app(`"${A}": ["v1"]`, `${B}: ["v2"]`)), ['eu.io/p/app:v2 = b']],
    [
      'a digest in single quotes',
      project('a', app(`"${A}": ["v1"]`, `'${B}': ['v2']`)),
      ['eu.io/p/app:v2 = b'],
    ],
    [
      'several digests on one line',
      project('a', `- name: app\n  dmap: {"${A}": ["v1"], "${B}": ["v2"], ${C}: []}\n`),
      ['eu.io/p/app = c', 'eu.io/p/app:v2 = b'],
    ],
    ['block-style tags', project('a', app(`"${A}":`, '- v1', '- v2')), ['eu.io/p/app:v2 = a']],
    ['a tag of an old digest', project('a', app(`"${A}": ["v1", "v2"]`)), ['eu.io/p/app:v2 = a']],
    [
      'a new destination',
      project('a', app(`"${A}": ["v1"]`), { to: ['eu.io/p', 'us.io/p'] }),
      ['us.io/p/app:v1 = a'],
    ],
    ['a renamed project', project('z', app(`"${A}": ["v1"]`)), []],
    ['another staging registry', project('a', app(`"${A}": ["v1"]`), { from: 't.io/t' }), []],
    ['comments, order and quotes', project('a', `# new\n- dmap: {${A}: [v1]}\n  name: 'app'\n`), []],
    [
      'a new project',
      { ...BASE, ...project('b', `- name: tool\n  dmap: {${B}: [v1]}\n`) },
      ['eu.io/p/tool:v1 = b'],
    ],
    [
      'an alias',
      project('a', `- name: app\n  dmap: &d {${A}: [v1]}\n- name: tool\n  dmap: *d\n`),
      ['eu.io/p/tool:v1 = a'],
    ],
  ])('is seen: %s', async (_what, head, expected) => {
    const { edges, wanted, findings, read } = await changesBetween(BASE, head);
    expect(edges).toEqual(expected);
    expect(wanted.edges).toBe(expected.length);
    expect([...findings, ...read.problems]).toEqual([]);
  });

  it('is seen after an image moved from one project to another', async () => {
    const tool = `- name: tool\n  dmap: {${B}: [v1]}\n`;
    const { edges, findings } = await changesBetween(
      { ...project('a', app(`"${A}": ["v1"]`) + tool), ...project('b', '') },
      { ...BASE, ...project('b', tool) },
    );
    expect({ edges, findings }).toEqual({ edges: [], findings: [] });
  });

  it('is everything where there was no commit, and no directory, before', async () => {
    const repository = await gitRepository();
    repository.commit(BASE);
    const { edges, scope } = await changesIn(repository);
    expect({ edges, scope }).toEqual({ edges: ['eu.io/p/app:v1 = a'], scope: { base: null } });
  });

  it('is seen in a directory deep in the tree, and in changes without a commit', async () => {
    const below = (tree: Tree) =>
      Object.fromEntries(Object.entries(tree).map(([path, text]) => [`x/y/${path}`, text]));
    const repository = await gitRepository();
    const base = repository.commit({ ...below(BASE), 'manifests/z/promoter-manifest.yaml': 'broken: [' });
    repository.commit(below(BASE));
    repository.write(below(project('a', app(`"${A}": ["v1", "v2"]`))));
    const directory = join(repository.directory, 'x/y');
    const { edges, scope, findings } = await changesIn({ ...repository, directory });
    expect({ edges, scope, findings }).toEqual({
      edges: ['eu.io/p/app:v2 = a'],
      scope: { base },
      findings: [],
    });
  });

  it('is seen in a plain manifest', async () => {
    const plain = (tags: string) =>
      `registries: [{name: s.io/s, src: true}, {name: eu.io/p}]\nimages: [{name: app, dmap: {${A}: [${tags}]}}]\n`;
    const repository = await gitRepository();
    repository.commit({ 'm.yaml': plain('v1'), 'other.yaml': plain('v3') });
    repository.commit({ 'm.yaml': plain('v1, v2') });
    const where = { kind: 'plain', file: join(repository.directory, 'm.yaml') } as const;
    const { edges, findings } = await changesIn(repository, PARENT, where);
    expect({ edges, findings }).toEqual({ edges: ['eu.io/p/app:v2 = a'], findings: [] });
  });
});

describe('entries that were removed', () => {
  it('are reported where they were, with their destinations together', async () => {
    const base = project('a', app(`"${A}": ["v1", "v2"]`, `"${B}": []`), { to: ['eu.io/p', 'us.io/p'] });
    const { findings, edges } = await changesBetween(
      base,
      project('a', app(`"${A}": ["v1"]`), { to: ['eu.io/p', 'us.io/p'] }),
    );
    expect(edges).toEqual([]);
    expect(findings).toEqual([
      {
        rule: 'removed-entries',
        level: 'error',
        message: `removed: v2 (${A}), ${B} of eu.io/p/app, us.io/p/app`,
        advice: expect.stringMatching(/allow it with -allow-removal; nothing is deleted/),
        at: { file: 'images/a/images.yaml', line: 3, column: expect.any(Number) },
        edges: [],
      },
    ]);
  });

  it('are those of a moved tag and of a project without files, too', async () => {
    const tag = await changesBetween(BASE, project('a', app(`"${B}": ["v1"]`)));
    expect(tag.edges).toEqual(['eu.io/p/app:v1 = b']);
    expect(tag.findings).toMatchObject([{ message: `removed: v1 (${A}) of eu.io/p/app` }]);
    const gone = await changesBetween(
      { ...BASE, ...project('b', `- name: tool\n  dmap: {${B}: [v1]}\n`) },
      BASE,
    );
    expect(gone.findings).toMatchObject([{ message: `removed: v1 (${B}) of eu.io/p/tool` }]);
  });

  it('are not those that became unusable: these have a problem already', async () => {
    const { findings, read } = await changesBetween(BASE, { ...project('a', 'x: ['), ...project('b', '') });
    expect(findings).toEqual([]);
    expect(read.problems).toMatchObject([{ severity: 'error', rule: 'yaml' }]);
  });
});

it('a file that is broken at the base alone is a warning, and its entries are new', async () => {
  const { findings, edges, read } = await changesBetween(project('a', 'x: ['), BASE);
  expect(edges).toEqual(['eu.io/p/app:v1 = a']);
  expect(read.problems).toEqual([]);
  expect(findings).toMatchObject([
    {
      rule: 'broken-base',
      level: 'warn',
      message: expect.stringMatching(
        /^"images\/a\/images.yaml" could not be used at commit [0-9a-f]{12}: all entries/,
      ),
    },
  ]);
});

describe('a list of images without a project', () => {
  const orphan = (tags: string) => ({
    ...BASE,
    'images/b/images.yaml': `- name: tool\n  dmap: {${B}: [${tags}]}\n`,
  });
  const severities = async (base: Tree, head: Tree) => {
    const { problems } = (await changesBetween(base, head)).read;
    return problems.map(({ severity, rule }) => `${severity} ${rule}`);
  };

  it('is an error where the change touches it, and else a warning', async () => {
    expect(await severities(BASE, orphan('v1'))).toEqual(['error orphan-images']);
    expect(await severities(orphan('v1'), orphan('v1, v2'))).toEqual(['error orphan-images']);
    expect(await severities(orphan('v1'), { ...orphan('v1'), other: '' })).toEqual(['warning orphan-images']);
  });

  it('is an error in a directory where no list belongs', async () => {
    const misplaced = { ...BASE, 'images/a/deep/images.yaml': '' };
    expect(await severities(BASE, misplaced)).toEqual(['error orphan-images']);
    expect(await severities(misplaced, { ...misplaced, other: '' })).toEqual(['warning orphan-images']);
  });
});

describe('a period', () => {
  const since: DiffBase = { kind: 'period', age: '14 days' };
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  const tags = (...names: readonly string[]) =>
    project('a', app(`"${A}": [${names.map((name) => `"${name}"`).join(', ')}]`));

  it('has all that any of its commits added, and nothing that was reverted', async () => {
    const repository = await gitRepository();
    repository.commit(tags('v0'), daysAgo(30));
    const base = repository.commit(tags('v0', 'v1', 'again'), daysAgo(20));
    repository.commit(tags('v0', 'v1', 'v2', 'reverted'), daysAgo(10));
    repository.commit(tags('v0', 'v1', 'v2', 'again'), daysAgo(5));
    repository.commit({ ...tags('v0', 'v1', 'v2', 'again', 'v3'), other: '' }, daysAgo(1));
    const { edges, scope, findings } = await changesIn(repository, since);
    expect(edges).toEqual(['eu.io/p/app:again = a', 'eu.io/p/app:v2 = a', 'eu.io/p/app:v3 = a']);
    expect(scope).toEqual({ base, since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
    expect(findings).toEqual([]);
  });

  it('without a commit has nothing', async () => {
    const repository = await gitRepository();
    repository.commit(tags('v1'), daysAgo(30));
    expect((await changesIn(repository, since)).edges).toEqual([]);
  });
});

it('edges(changed) = edges(head) − edges(base), for random pairs of commits', async () => {
  const repository = await gitRepository();
  await assert(
    asyncProperty(TREE, TREE, async (base, head) => {
      repository.commit(base);
      const before = new Set((await changesIn(repository)).head);
      repository.commit(head);
      const { edges, head: after } = await changesIn(repository);
      expect(edges).toEqual(
        after.filter((edge) => !before.has(edge) && !before.has(edge.replace(/ !$/, ''))),
      );
    }),
    runs({ seed: 17, numRuns: 10 }),
  );
});

const IMAGES = dictionary(
  constantFrom('app', 'app/app', 'tool'),
  dictionary(constantFrom(A, B, C), uniqueArray(constantFrom('v1', 'v2', 'v3')), {
    minKeys: 1,
  }),
).map((images) => JSON.stringify(Object.entries(images).map(([name, dmap]) => ({ name, dmap }))));
const DESTINATIONS = uniqueArray(constantFrom('eu.io/p', 'us.io/p', 'us.io/p/app'), { minLength: 1 });
const TREE = dictionary(constantFrom('a', 'b', 'c'), record({ images: IMAGES, to: DESTINATIONS }), {
  minKeys: 1,
}).map(
  (projects): Tree =>
    Object.assign(
      {},
      ...Object.entries(projects).map(([name, { images, to }]) => project(name, images, { to })),
    ),
);
