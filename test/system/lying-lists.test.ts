import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { clientForTest } from '../adapters/oci/client.ts';
import { walk } from '../browse/walking.ts';
import { image, push } from '../builders/images.ts';
import { type Answers, answer, LYING_LISTS, page } from '../builders/lying-lists.ts';
import { from } from '../builders/manifests.ts';
import { runCip, runWithReport } from '../doubles/run-cip.ts';
import { linesOf, verifyManifests } from '../workflows/verify/verifying.ts';
import { promoteWith } from './promote-with.ts';
import { embedded, manifestFlag } from './staging.ts';

const APP = image({ seed: 'app' });
const OTHER = image({ seed: 'other' });
const app = APP.manifest.digest;
const other = OTHER.manifest.digest;
const MANY = Array.from({ length: 8 }, (_, number) => `w${number}`);

const LISTS = LYING_LISTS.map(({ what, answers }) => [what, answers] as const);
const BROKEN = LYING_LISTS.filter(({ isBroken }) => isBroken).map(
  ({ what, answers }) => [what, answers] as const,
);

async function lyingRegistry(answers: Answers): Promise<EmbeddedRegistry> {
  const registry = await embedded();
  push(registry, 'staging/app', APP);
  push(registry, 'prod/app', OTHER, 'old', 'v1', 'v2', ...MANY);
  push(registry, 'prod/fine', OTHER, 'v1');
  answers.forEach((act, number) => {
    const times = number === answers.length - 1 ? Infinity : 1;
    registry.addFault({ method: 'GET', path: /^\/v2\/prod\/app\/tags\/list/, act, times });
  });
  return registry;
}

/** One tag is free, the others are another digest. */
async function promotionTo(registry: EmbeddedRegistry, tags: readonly string[]) {
  const { host, store } = registry;
  const manifest = from(`${host}/staging`)
    .to(`${host}/prod`)
    .promote({ app: { [app]: tags } });
  const report = await promoteWith(clientForTest(), [manifest]);
  return { report, now: Object.fromEntries(tags.map((tag) => [tag, store.resolveTag('prod/app', tag)])) };
}

describe.each([
  ['few tags', ['a0', 'v1', 'v2']],
  ['many tags', ['a0', 'v1', 'v2', ...MANY]],
])('a promotion of %s to a registry whose list of tags is', (_what, tags) => {
  it.each(LISTS)('%s moves none of them, and writes the free one', async (_list, answers) => {
    const registry = await lyingRegistry(answers);
    const { report, now } = await promotionTo(registry, tags);
    expect(now).toEqual(Object.fromEntries(tags.map((tag) => [tag, tag === 'a0' ? app : other])));
    const { summary, items } = report;
    expect(summary).toMatchObject({ edges: tags.length, copied: 1, unreadable: 0, lost: 0 });
    expect(summary['tag-move'] + summary.failed).toBe(tags.length - 1);
    for (const { outcome, reason } of items) {
      if (outcome !== 'copied') expect(reason).toMatch(/not \S+: tag moves are not supported$/);
    }
    expectHeadBeforePut(registry);
  });
});

/** Each PUT of a tag comes right after a HEAD of its own that has found nothing. */
function expectHeadBeforePut({ requests }: EmbeddedRegistry): void {
  const puts = requests.filter(({ kind, path }) => kind === 'manifest-put' && !path.includes('sha256:'));
  expect(puts.length).toBeGreaterThan(0);
  for (const put of puts) {
    const before = requests.slice(0, requests.indexOf(put)).filter(({ path }) => path === put.path);
    expect(before.at(-1)).toMatchObject({ kind: 'manifest-head', status: 404 });
  }
}

describe('a snapshot of a registry of which one list is', () => {
  it.each(BROKEN)('%s names that repository as unreadable', async (_what, answers) => {
    const registry = await lyingRegistry(answers);
    const { names, notices } = await walk(registry, { path: '/prod' });
    expect(names).toEqual(['fine']);
    expect(notices).toContainEqual({
      kind: 'unreadable',
      repository: `${registry.host}/prod/app`,
      name: 'app',
      reason: expect.stringContaining('/v2/prod/app/tags/list'),
    });
  });

  it.each(BROKEN)('%s, of that repository itself, is no empty one', async (_what, answers) => {
    const registry = await lyingRegistry(answers);
    const { names, notices } = await walk(registry, { path: '/prod/app' });
    expect(names).toEqual([]);
    expect(notices).toContainEqual(expect.objectContaining({ kind: 'unreadable' }));
  });
});

describe('a verification of a registry whose list of tags is', () => {
  it.each(LISTS)('%s finds all that is there, and nothing else', async (_what, answers) => {
    const registry = await lyingRegistry(answers);
    const manifest = from(`${registry.host}/staging`)
      .to(`${registry.host}/prod`)
      .promote({ app: { [other]: ['old', 'v1', 'v2', ...MANY], [app]: ['a0'] } });
    const verification = await verifyManifests(clientForTest().registry, [manifest]);
    expect(linesOf(verification)).toEqual([`missing: ${registry.host}/prod/app:a0: there is no such tag`]);
  });
});

describe('as a user runs it', () => {
  const SECOND_IS_404: Answers = [
    page(['old', 'v1'], '</v2/prod/app/tags/list?last=v1>; rel="next"'),
    answer(404),
  ];

  it.each<[string, Answers]>([
    ['no list (404)', [answer(404)]],
    ['a second page that is 404', SECOND_IS_404],
  ])('a promotion to a registry with %s moves no tag: exit 1', async (_what, answers) => {
    const registry = await lyingRegistry(answers);
    const flag = await manifestFlag({
      from: `${registry.host}/staging`,
      to: [`${registry.host}/prod`],
      images: { app: { [app]: ['a0', 'v1', 'v2'] } },
    });
    const dry = await runWithReport([flag]);
    expect({ status: dry.status, summary: dry.report.summary }).toMatchObject({
      status: 1,
      summary: { copy: 1, 'tag-move': 2 },
    });
    const { status, stderr } = await runCip([flag, '-confirm']);
    expect(status, stderr).toBe(1);
    expect(['a0', 'v1', 'v2'].map((tag) => registry.store.resolveTag('prod/app', tag))).toEqual([
      app,
      other,
      other,
    ]);
    for (const tag of ['v1', 'v2']) {
      expect(stderr).toMatch(
        new RegExp(`^\\S+Z ERROR tag-move .*:${tag} \\S+: the tag is ${other}, not moved`, 'm'),
      );
    }
  });

  it('a snapshot leaves out what breaks off, by name: exit 1; a comparison is none: exit 2', async () => {
    const registry = await lyingRegistry(SECOND_IS_404);
    const snapshot = await runCip([`-snapshot=${registry.host}/prod`]);
    const fine = `- name: fine\n  dmap:\n    "${other}": ["v1"]\n`;
    expect(snapshot).toMatchObject({ status: 1, stdout: fine });
    expect(snapshot.stderr).toMatch(/^ERROR +unreadable: \S+\/prod\/app: the list of tags breaks off/m);
    const without = await embedded();
    push(without, 'prod/fine', OTHER, 'v1');
    registry.clearFaults();
    for (const act of SECOND_IS_404) registry.addFault({ path: /prod\/app\/tags\/list/, act });
    const diff = await runCip(['diff', `${registry.host}/prod`, `${without.host}/prod`]);
    expect(diff.status).toBe(2);
    expect(diff.stderr).not.toContain('no differences');
    expect(diff.stderr).toMatch(/^ERROR +unreadable: \S+\/prod\/app: the list of tags breaks off/m);
  });

  it('a list whose link has no brackets is read to its end', async () => {
    const registry = await lyingRegistry([
      page(['old', 'v1'], '/v2/prod/app/tags/list?last=v1; rel=next'),
      answer(200, { tags: ['v2'] }),
    ]);
    const { status, stdout } = await runCip([`-snapshot=${registry.host}/prod/app`]);
    const all = `- name: app\n  dmap:\n    "${other}": ["old", "v1", "v2"]\n`;
    expect({ status, stdout }).toEqual({ status: 0, stdout: all });
  });

  it('a list of repositories that breaks off is told, and makes no two registries equal', async () => {
    const registry = await embedded({ pageSize: 1 });
    for (const name of ['prod/a', 'prod/b']) push(registry, name, OTHER, 'v1');
    registry.addFault({ kind: 'catalog', skip: 1, times: Infinity, act: { kind: 'status', status: 404 } });
    const snapshot = await runCip([`-snapshot=${registry.host}/prod`]);
    expect(snapshot).toMatchObject({ status: 1, stdout: `- name: a\n  dmap:\n    "${other}": ["v1"]\n` });
    expect(snapshot.stderr).toMatch(/^ERROR +unreadable: .*repositories breaks off after 1 of them/m);
    const one = await embedded();
    push(one, 'prod/a', OTHER, 'v1');
    registry.clearFaults();
    registry.addFault({ kind: 'catalog', skip: 1, times: Infinity, act: { kind: 'status', status: 404 } });
    const diff = await runCip(['diff', `${registry.host}/prod`, `${one.host}/prod`]);
    expect(diff.status).toBe(2);
    expect(diff.stderr).not.toContain('no differences');
  });
});

it('a list of referrers that breaks off makes its image unreadable, not unsigned', async () => {
  const registry = await embedded();
  push(registry, 'prod/app', OTHER, 'v1');
  const path = new RegExp(`/referrers/${other}`);
  const link = `</v2/prod/app/referrers/${other}?page=2>; rel="next"`;
  registry.addFault({ path, act: answer(200, { manifests: [{ digest: app }] }, { Link: link }) });
  registry.addFault({ path, act: answer(404), times: Infinity });
  const { names, notices } = await walk(registry, { path: '/prod' });
  expect(names).toEqual([]);
  expect(notices).toContainEqual(
    expect.objectContaining({
      kind: 'unreadable',
      reason: expect.stringContaining('the list of referrers breaks off after its first page'),
    }),
  );
});
