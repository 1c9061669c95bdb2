// Covers src/cli/browse/diff-side.ts
// Covers src/cli/browse/filter-images.ts
// Covers src/cli/browse/open-sides.ts
// Covers src/cli/browse/read-side.ts
// Covers src/cli/commands/run/run-diff.ts

import { describe, expect, it } from 'vitest';
import { artifact, image, multiArch, push } from '../builders/images.ts';
import { digest } from '../builders/manifests.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { embedded, imagesOf, thinFiles, writesOf } from './staging.ts';

const APP = multiArch('app', { platforms: 1 });
const OLD = image({ seed: 'old' });
const NEW = image({ seed: 'new' });
const [app, old, fresh] = [APP, OLD, NEW].map(({ manifest }) => manifest.digest);

/** Two registries: a tag has moved, an image is new, an index is the same. */
async function two() {
  const [a, b] = [await embedded({ listing: 'google' }), await embedded()];
  for (const registry of [a, b]) push(registry, 'prod/app', APP, 'v1');
  push(a, 'prod/moved', OLD, 'v1');
  push(b, 'prod/moved', NEW, 'v1');
  push(b, 'prod/new', NEW, 'x');
  return { a, b };
}

describe('cip diff', () => {
  it('tells what only one registry has and which tags differ, and ends with 1', async () => {
    const { a, b } = await two();
    const [left, right] = [`${a.host}/prod`, `${b.host}/prod/`];
    const { status, stdout } = await runCip(['diff', left, right]);
    expect(status).toBe(1);
    expect(stdout.split('\n')).toEqual([
      `--- ${left}`,
      `+++ ${right}`,
      `- moved@${old} [v1]`,
      `+ moved@${fresh} [v1]`,
      `~ moved:v1 ${old} -> ${fresh}`,
      `+ new@${fresh} [x]`,
      '',
    ]);
    expect([...writesOf(a), ...writesOf(b)]).toEqual([]);
  });

  it('of a registry and itself is empty, and 0', async () => {
    const { a } = await two();
    expect(await runCip(['diff', `${a.host}/prod`, `${a.host}/prod`])).toMatchObject({
      status: 0,
      stdout: '',
    });
  });

  it.each(['yaml', 'csv', 'json'])('takes a snapshot in %s, from a file or a pipe', async (format) => {
    const { a, b } = await two();
    const snapshot = await runCip([`-snapshot=${a.host}/prod`, `-output=${format}`]);
    const cwd = await testdir({ 'old-snapshot': snapshot.stdout });
    const same = await runCip(['diff', 'old-snapshot', `${a.host}/prod`], { cwd });
    expect(same, same.stderr).toMatchObject({ status: 0, stdout: '' });
    const { status, stdout } = await runCip(['diff', 'old-snapshot', `${b.host}/prod`, '-output=json'], {
      cwd,
    });
    expect(status).toBe(1);
    expect(JSON.parse(stdout).summary).toEqual({
      equal: false,
      complete: true,
      onlyInA: 1,
      onlyInB: 2,
      tags: 1,
    });
  });

  it('takes manifests for a registry, and children do not count where it is minimal', async () => {
    const { b } = await two();
    const images = {
      app: { [String(app)]: ['v1'] },
      moved: { [String(fresh)]: ['v1'] },
      new: { [String(fresh)]: ['x'] },
    };
    const wanted = { from: 'gcr.invalid/x', to: [`${b.host}/prod`, 'other.invalid/prod'], images };
    const cwd = await testdir(thinFiles({ a: wanted }));
    const prod = `${b.host}/prod`;
    const run = (...args: string[]) => runCip(['diff', ...args], { cwd });
    expect(await run('.', prod, '-minimal-snapshot')).toMatchObject({ status: 0, stdout: '' });
    expect(await run(prod, `.@${prod}`, '--minimal-snapshot')).toMatchObject({ status: 0, stdout: '' });
    expect(await run('.@other.invalid/prod', `.@${prod}`)).toMatchObject({ status: 0, stdout: '' });
  });

  it.each(['oci', 'google'] as const)(
    'does not hold the children of an index against manifests (%s), unless they name them',
    async (listing) => {
      const registry = await embedded({ listing });
      push(registry, 'prod/app', APP, 'v1');
      push(registry, 'prod/app', NEW, 'extra');
      const prod = `${registry.host}/prod`;
      const [child = digest('0')] = APP.children.map(({ manifest }) => manifest.digest);
      const compare = async (dmap: Record<string, string[]>, ...flags: string[]) => {
        const wanted = { from: 'gcr.invalid/x', to: [prod], images: { app: dmap } };
        const cwd = await testdir(thinFiles({ a: wanted }));
        const { status, stdout } = await runCip(['diff', '.', prod, ...flags], { cwd });
        return { status, differences: stdout.split('\n').slice(2, -1) };
      };
      const extra = `+ app@${fresh} [extra]`;
      expect(await compare({ [String(app)]: ['v1'] })).toEqual({ status: 1, differences: [extra] });
      expect(await compare({ [String(app)]: ['v1'], [child]: [], [String(fresh)]: ['extra'] })).toEqual({
        status: 0,
        differences: [],
      });
      registry.store.deleteManifest('prod/app', child);
      const lacking = await compare({ [String(app)]: ['v1'], [child]: [], [String(fresh)]: ['extra'] });
      expect(lacking).toEqual({ status: 1, differences: [`- app@${child}`] });
    },
  );

  it.each([
    ['manifests', async (root: string) => `${root}@HOST/prod`],
    ['a snapshot', async (root: string) => `${root}/snapshot.yaml`],
  ])('does not miss a digest without a tag that %s name', async (_what, sideOf) => {
    const b = await embedded();
    push(b, 'prod/app', NEW, 'v1');
    push(b, 'prod/app', OLD);
    const images = { app: { [String(fresh)]: ['v1'], [String(old)]: [] } };
    const cwd = await testdir({
      ...thinFiles({ a: { from: 'gcr.invalid/x', to: [`${b.host}/prod`], images } }),
      'snapshot.yaml': imagesOf(images),
    });
    const side = (await sideOf(cwd)).replace('HOST', b.host);
    const same = await runCip(['diff', side, `${b.host}/prod`]);
    expect(same, same.stderr).toMatchObject({ status: 0, stdout: '' });
    const without = await embedded();
    push(without, 'prod/app', NEW, 'v1');
    const { stdout } = await runCip(['diff', side, `${without.host}/prod`]);
    expect(stdout.split('\n')[2]).toBe(`- app@${old}`);
  });

  it('compares what a registry holds itself, whatever it is called', async () => {
    const [a, b] = [await embedded({ listing: 'google' }), await embedded()];
    push(a, 'one/app', APP, 'v1');
    push(a, 'one/app/sub', OLD, 'v1');
    push(b, 'two/other/sub', OLD, 'v1');
    const [left, right] = [`${a.host}/one/app`, `${b.host}/two/other`];
    const { status, stdout } = await runCip(['diff', left, right, '-minimal-snapshot']);
    expect({ status, lines: stdout.split('\n').slice(2) }).toEqual({
      status: 1,
      lines: [`- .@${app} [v1]`, ''],
    });
    push(b, 'two/other', APP, 'v1');
    expect(await runCip(['diff', left, right])).toMatchObject({ status: 0, stdout: '' });
    const snapshot = await runCip([`-snapshot=${left}`]);
    const cwd = await testdir({ snapshot: snapshot.stdout });
    expect(await runCip(['diff', 'snapshot', left], { cwd })).toMatchObject({ status: 0, stdout: '' });
  });

  it('shares one client: who manifests name is known for both sides', async () => {
    const { a, b } = await two();
    b.addFault({ kind: 'catalog', times: Number.POSITIVE_INFINITY, act: { kind: 'status', status: 404 } });
    const images = { app: { [String(app)]: ['v1'] } };
    const cwd = await testdir(thinFiles({ a: { from: `${a.host}/prod`, to: [`${b.host}/prod`], images } }));
    const { status, stdout } = await runCip(['diff', '.', `${b.host}/prod`, '-minimal-snapshot'], { cwd });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });

  it.each(['oci', 'google'] as const)(
    'makes a file minimal by what a registry with the listing of %s knows',
    async (listing) => {
      const registry = await embedded({ listing });
      const signature = artifact('signature', { subject: OLD });
      push(registry, 'prod/app', APP, 'v1');
      push(registry, 'prod/app', OLD, 'v0');
      push(registry, 'prod/app', signature, `sha256-${String(old).slice(7)}.sig`);
      push(registry, 'prod/app', artifact('attestation', { subject: OLD }));
      push(registry, 'prod/signatures', signature, `sha256-${String(old).slice(7)}.sig`);
      const whole = await runCip([`-snapshot=${registry.host}/prod`]);
      const cwd = await testdir({ 'a.yaml': whole.stdout });
      for (const flag of ['-minimal-snapshot', '-minimal-snapshot=strict']) {
        const same = await runCip(['diff', './a.yaml', `${registry.host}/prod`, flag], { cwd });
        expect(same, same.stderr).toMatchObject({ status: 0, stdout: '' });
      }
      push(registry, 'prod/app', NEW, 'v2');
      const { stdout } = await runCip(['diff', `${registry.host}/prod`, './a.yaml', '-minimal-snapshot'], {
        cwd,
      });
      expect(stdout.split('\n').slice(2)).toEqual([`- app@${fresh} [v2]`, '']);
    },
  );

  it('keeps of files as of registries what carries a tag', async () => {
    const registry = await embedded();
    push(registry, 'prod/app', OLD, 'v1', 'x');
    push(registry, 'prod/app', NEW, 'v2');
    const whole = await runCip([`-snapshot=${registry.host}/prod`]);
    const cwd = await testdir({ 'a.yaml': whole.stdout });
    const run = (...args: string[]) => runCip(['diff', './a.yaml', ...args, '-snapshot-tag=v1'], { cwd });
    expect(await run(`${registry.host}/prod`)).toMatchObject({ status: 0, stdout: '' });
    expect(await run('./a.yaml', '-minimal-snapshot=strict')).toMatchObject({ status: 0, stdout: '' });
  });

  it('does not miss an untagged digest that one of two registries does not list', async () => {
    const [google, oci] = [await embedded({ listing: 'google' }), await embedded()];
    for (const registry of [google, oci]) {
      push(registry, 'prod/app', NEW, 'v1');
      push(registry, 'prod/app', OLD);
      push(registry, 'prod/untagged', OLD);
    }
    const sides = [`${google.host}/prod`, `${oci.host}/prod`];
    for (const args of [sides, sides.toReversed()]) {
      expect(await runCip(['diff', ...args])).toMatchObject({ status: 0, stdout: '' });
    }
    push(google, 'prod/app', APP.children[0] ?? APP);
    const { stdout } = await runCip(['diff', ...sides]);
    expect(stdout.split('\n').slice(2)).toEqual([`- app@${APP.children[0]?.manifest.digest}`, '']);
  });

  it('says once of a host that it lists tags only', async () => {
    const { b } = await two();
    const { stderr } = await runCip(['diff', `${b.host}/prod`, `${b.host}/prod`]);
    expect(stderr.match(/lists tags only/g)).toHaveLength(1);
  });

  it('says in Markdown what differs', async () => {
    const { a, b } = await two();
    const { stdout } = await runCip(['diff', `${a.host}/prod`, `${b.host}/prod`, '-output=markdown']);
    expect(stdout).toMatch(/^\| *\| side +\| digests only here/m);
    expect(stdout).toContain(`| moved:v1 | ${old} | ${fresh} |`);
  });
});

describe('cip diff that cannot compare ends with 2', () => {
  it('though the rest is compared, where a repository cannot be read', async () => {
    const { a, b } = await two();
    a.addFault({ kind: 'tags', path: /moved/, act: { kind: 'status', status: 403 } });
    const { status, stdout, stderr } = await runCip(['diff', `${a.host}/prod`, `${b.host}/prod`]);
    expect(status).toBe(2);
    expect(stdout).toContain(`+ new@${fresh} [x]`);
    expect(stdout).not.toContain('moved');
    expect(stderr).toMatch(/unreadable: .*\/prod\/moved/);
  });

  it('and does not say that there are no differences', async () => {
    const { a } = await two();
    a.addFault({ kind: 'tags', path: /moved/, times: 2, act: { kind: 'status', status: 403 } });
    const { status, stderr } = await runCip(['diff', `${a.host}/prod`, `${a.host}/prod`]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^ERROR +not everything could be compared/m);
    expect(stderr).not.toContain('no differences');
  });

  it('where an untagged digest cannot be asked for', async () => {
    const [google, oci] = [await embedded({ listing: 'google' }), await embedded()];
    for (const registry of [google, oci]) push(registry, 'prod/app', NEW, 'v1');
    push(google, 'prod/app', OLD);
    oci.addFault({ path: new RegExp(String(old)), act: { kind: 'status', status: 403 } });
    const { status, stdout, stderr } = await runCip(['diff', `${google.host}/prod`, `${oci.host}/prod`]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/unreadable: .*\/prod\/app: .*403/);
  });

  it.each([
    ['one side', ['gcr.io/a'], /compares two sides, not 1/],
    ['neither a path nor a registry', ['nope', 'gcr.io/a'], /"nope" is neither/],
    ['a directory for no registry', ['thin', 'snapshot'], /say for which registry, thin@REGISTRY/],
    [
      'a directory that has nothing to do with it',
      ['.', 'gcr.io/a'],
      /"\." is a directory without manifests/,
    ],
    [
      'manifests for other registries',
      ['gcr.io/a', 'thin'],
      /no destination at gcr.io\/a: theirs are gcr\.invalid\/prod/,
    ],
    ['a file that is not there', ['none.yaml', 'snapshot'], /"none\.yaml": no such file/],
    [
      'an account that is none',
      ['snapshot', 'snapshot', '-snapshot-service-account=foo'],
      /email address .* not "foo"/,
    ],
    ['a snapshot that is none', ['bad', 'snapshot'], /bad:1:1: .*a snapshot is a list of images/],
    ['a tag that is two digests', ['twice', 'snapshot'], /twice:2:1: .*app:v1 is .* in line 1 and/],
    ['a directory that holds no manifests', ['.@gcr.io/a', 'snapshot'], /manifests/],
    [
      'a flag of a promotion',
      ['snapshot', 'snapshot', '-confirm'],
      /cip diff does not take -confirm; cip, cip copy, cip verify, cip sigcheck, cip apply do/,
    ],
    [
      'files, of which nobody knows the children',
      ['snapshot', 'snapshot', '-minimal-snapshot'],
      /does not contain the children of indexes/,
    ],
    ['an unknown format', ['snapshot', 'snapshot', '-output=yaml'], /expected text, json, markdown/],
  ])('%s', async (_what, args, words) => {
    const wanted = { from: 'gcr.invalid/x', to: ['gcr.invalid/prod'], images: {} };
    const thin = Object.entries(thinFiles({ a: wanted })).map(([path, text]) => [`thin/${path}`, text]);
    const cwd = await testdir({
      ...Object.fromEntries(thin),
      snapshot: '',
      bad: 'a: map\n',
      twice: `app@${old},app:v1\napp@${fresh},app:v1\n`,
    });
    const { status, stdout, stderr } = await runCip(['diff', ...args], { cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(words);
  });

  it('a registry that is not there', async () => {
    const registry = await embedded();
    const cwd = await testdir({ snapshot: '' });
    await registry.close();
    const { status, stdout, stderr } = await runCip(['diff', 'snapshot', `${registry.host}/prod`], { cwd });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('it cannot be read');
  });
});

it('cip diff -help lists its own flags', async () => {
  const { status, stdout } = await runCip(['diff', '-help']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ {2}-output-format FORMAT +text, json, markdown or html/m);
  expect(stdout).not.toContain('-confirm');
});
