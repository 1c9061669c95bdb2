import { describe, expect, it } from 'vitest';
import { repositoryIn } from '../builders/git-repository.ts';
import { image, multiArch, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { countKinds, embedded, thinFiles, writesOf } from './staging.ts';

const ONE = image({ seed: 'one platform' });
const MANY = multiArch('many platforms');

/** A commit that adds an image of one platform, one of several and one of another staging registry. */
async function world() {
  const registry = await embedded({ listing: 'google' });
  const { host } = registry;
  const one = push(registry, 'x/one', ONE, 'v1');
  const many = push(registry, 'x/many', MANY, 'v1');
  const lost = push(registry, 'y/tool', image({ seed: 'of y' }), 'v1');
  const project = (
    name: string,
    images: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
  ) => ({
    [name]: { from: `${host}/${name}`, to: [`${host}/prod/${name}`], images },
  });
  const repository = repositoryIn(await testdir({}));
  const base = repository.commit(thinFiles({ ...project('x', { one: {} }), ...project('y', {}) }));
  const images = { one: { [one]: ['v1'] }, many: { [many]: ['v1'] }, tool: { [lost]: ['v1'] } };
  repository.commit(thinFiles({ ...project('x', images), ...project('y', {}) }));
  registry.clearRequests();
  const flag = `-thin-manifest-dir=${repository.directory}`;
  return { registry, host, flag, limited: [flag, `-manifest-diff-base=${base}`] };
}

const rulesOf = (findings: readonly { readonly rule: string; readonly level: string }[]) =>
  findings.map(({ rule, level }) => `${level} ${rule}`).toSorted();

describe('rules about images', () => {
  it('warn in a dry run of a change, and of nothing in a dry run of everything', async () => {
    const { host, flag, limited } = await world();
    const { report, status } = await runWithReport(limited);
    expect(rulesOf(report.findings)).toEqual(['warn not-in-source', 'warn single-platform']);
    expect(report.findings.map(({ message }) => message).join('\n')).toContain(`but in ${host}/y/tool`);
    expect(status).toBe(1); // the digest is lost
    expect((await runWithReport([flag])).report.findings).toEqual([]);
  });

  it('cost a dry run of a change no request but those for lost digests', async () => {
    const { registry, limited } = await world();
    const off = ['single-platform', 'unsupported-artifact', 'not-in-source'].map(
      (name) => `-rule=${name}=off`,
    );
    await runWithReport([...limited, ...off]);
    const without = countKinds(registry);
    registry.clearRequests();
    await runWithReport([...limited, '-rule=not-in-source=off']);
    expect(countKinds(registry)).toEqual(without);
  });

  it('block a promotion where somebody made them errors, and nothing else', async () => {
    const { registry, flag } = await world();
    const run = await runWithReport([flag, '-confirm', '-rule=single-platform=error']);
    expect(run.report.summary).toMatchObject({ copied: 1, blocked: 1, lost: 1 });
    expect(writesOf(registry).some((request) => request.includes('/prod/x/one/'))).toBe(false);
  });

  it('min-age blocks what was uploaded just now', async () => {
    const { registry, flag } = await world();
    const run = await runWithReport([flag, '-confirm', '-rule=min-age=error']);
    expect(run.report.summary).toMatchObject({ copied: 0, blocked: 2 });
    expect(run.report.findings[0]?.message).toMatch(
      /was uploaded 0 minutes ago and must be at least 3 days old$/,
    );
    expect(writesOf(registry)).toEqual([]);
  });
});
