// Covers src/cli/commands/command.ts
// Covers src/cli/commands/version.ts
// Covers src/cli/flags/help.ts
// Covers src/cli/main.ts
// Covers src/cli/program.ts
// Covers src/cli/output/stdio.ts
// Covers src/cli/output/version.ts
// Covers src/cli/runtime/load-manifests.ts

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { type CipOptions, runCip, runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { type Dmap, embedded, manifestFlag, plainManifest, thinFiles, writesOf } from './staging.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;

/** Of registries that nobody asks: for what ends before the network. */
function offline(images: Readonly<Record<string, Dmap>> = { app: { [A]: ['v1'] } }) {
  return { from: 'gcr.example.com/staging', to: ['eu.example.com/prod'], images };
}

/** A registry with one image in `staging`, and a manifest that wants it in `prod`. */
async function oneImage() {
  const registry = await embedded();
  const digest = push(registry, 'staging/app', image({ seed: 'one' }), 'v1');
  const wanted = {
    from: `${registry.host}/staging`,
    to: [`${registry.host}/prod`],
    images: { app: { [digest]: ['v1'] } },
  };
  return { registry, digest, wanted, flag: await manifestFlag(wanted) };
}

/** Expects a run to be refused with these words, in no more than a few lines and without a stack trace. */
async function expectRefusal(args: readonly string[], words: RegExp | string, options: CipOptions = {}) {
  const { status, stdout, stderr } = await runCip(args, options);
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(words) });
  expect(stderr).not.toMatch(/^\s+at /m);
}

// every spelling and every contradiction has its row in test/cli/flags/options/promotion-options.test.ts; here is what the whole program makes of them
describe('spelling', () => {
  const directory = () => testdir(thinFiles({ a: offline() }));

  it.each([
    ['-flag=value and -flag', (path: string) => [`-thin-manifest-dir=${path}`, '-parse-only']],
    ['--flag value and --flag=true', (path: string) => ['--thin-manifest-dir', path, '--parse-only=true']],
    ['cip run', (path: string) => ['run', `--thin-manifest-dir=${path}`, '--parse-only']],
  ])('%s is understood', async (_, args) => {
    const { status, report } = await runWithReport(args(await directory()));
    expect({ status, mode: report.mode, edges: report.summary.edges }).toEqual({
      status: 0,
      mode: 'parse-only',
      edges: 1,
    });
  });

  it('kpromo cip is cip, and the flags may stand before the subcommand', async () => {
    const path = await directory();
    const after = await runWithReport(['cip', `--thin-manifest-dir=${path}`, '--parse-only'], {
      program: 'kpromo',
    });
    const before = await runWithReport(['--parse-only', `--thin-manifest-dir=${path}`, 'cip'], {
      program: 'kpromo',
    });
    expect([after.status, before.status]).toEqual([0, 0]);
    expect(before.report.summary).toEqual(after.report.summary);
  });

  it.each(['.', './', 'thin', 'thin/', './thin', 'thin/../thin'])(
    'the directory may be written as %s',
    async (spelling) => {
      const files = thinFiles({ a: offline() });
      const nested = Object.fromEntries(Object.entries(files).map(([path, text]) => [`thin/${path}`, text]));
      const top = await testdir(nested);
      const cwd = spelling.startsWith('.') && !spelling.includes('thin') ? join(top, 'thin') : top;
      const { status, report } = await runWithReport([`-thin-manifest-dir=${spelling}`, '-parse-only'], {
        cwd,
      });
      expect({ status, projects: report.manifests.projects }).toEqual({ status: 0, projects: 1 });
    },
  );

  it('-parse-only=false is no -parse-only, and -dry-run=true is the default', async () => {
    const { registry, flag } = await oneImage();
    const { status, report } = await runWithReport([flag, '-parse-only=false', '-dry-run=true']);
    expect({ status, mode: report.mode }).toEqual({ status: 0, mode: 'dry-run' });
    expect(writesOf(registry)).toEqual([]);
  });

  it.each([['-confirm'], ['--confirm=true'], ['-dry-run=false'], ['--dry-run=false']])(
    '%s promotes',
    async (spelling) => {
      const { registry, digest, flag } = await oneImage();
      const { status, report } = await runWithReport([flag, spelling]);
      expect({ status, mode: report.mode }).toEqual({ status: 0, mode: 'promotion' });
      expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
    },
  );
});

it('a -budget for a host without a registry is a warning, and the run continues', async () => {
  const { registry, flag } = await oneImage();
  const { status, stderr } = await runCip([flag, '-budget=gcr.exmaple=5', `-budget=${registry.host}=500`]);
  expect(status).toBe(0);
  expect(stderr.match(/^WARNING .*$/gm)).toEqual([
    `WARNING -budget names a host that no registry uses: check its spelling host="gcr.exmaple" registries="${registry.host}"`,
  ]);
});

it.each([
  [['report', 'merge'], /^cip: no report given: .*\ncip report merge -help-all lists the flags\n$/],
  [
    ['report', 'merge', 'a', '-deep'],
    /^cip: cip report merge does not take -deep; cip verify does\ncip report merge -help-all lists the flags\n$/,
  ],
  [
    ['verify', '-thin-manifest-dir=d', '-via='],
    /^cip: -via is given without a value: .*\ncip verify -help-all lists the flags\n$/,
  ],
  [['diff', 'a'], /\ncip diff -help-all lists the flags\n$/],
])('%j is refused with the words that list its flags', (args, words) => expectRefusal(args, words));

describe('what is refused', () => {
  it.each([
    [
      'an unknown flag, the nearest one named',
      ['-alow-lost=true'],
      /unknown flag.*-alow-lost.*-allow-lost\?/,
    ],
    ['a contradiction', ['-confirm', '-dry-run'], /-confirm and -dry-run/],
    [
      'a flag that is gone',
      ['-require-provenance', '-allowed-builders=a'],
      /-require-provenance is gone: .*; -allowed-builders is gone: /,
    ],
    ['a boolean with a value of its own', ['-confirm', 'true'], /unexpected argument "true".*-flag=true/],
    ['two places to read from', ['-thin-manifest-dir=b'], /-manifest and -thin-manifest-dir/],
  ])('%s', (_, args, words) => expectRefusal(['-manifest=m', ...args], words));

  it('a command line without a manifest', () => expectRefusal(['-confirm'], /no manifest given/));
});

describe('input that cannot be used at all is exit 2', () => {
  const good = thinFiles({ a: offline() });

  it.each([
    ['a missing file', {}, ['-manifest=nope.yaml'], /nope\.yaml.*no such file/],
    ['a directory for a file', { 'd/': '' }, ['-manifest=d'], /"d"/],
    ['a missing directory', {}, ['-thin-manifest-dir=nope'], /nope.*no such file or directory/],
    ['a file for a directory', { f: '' }, ['-thin-manifest-dir=f'], /"f" is not a directory/],
    ['an empty directory', { 'd/': '' }, ['-thin-manifest-dir=d'], /images|manifests/],
    [
      'a project without images',
      { 'd/manifests/a/promoter-manifest.yaml': 'x', 'd/images/': '' },
      ['-thin-manifest-dir=d'],
      /images/,
    ],
    [
      'no project at all',
      { 'd/manifests/': '', 'd/images/': '' },
      ['-thin-manifest-dir=d'],
      /no manifests found/,
    ],
  ] as const)('%s', async (_, files, args, words) => {
    await expectRefusal(args, words, { cwd: await testdir(files) });
    await expectRefusal([...args, '-parse-only'], words, { cwd: await testdir(files) });
  });

  it.each([
    ['that is not there', {}, /-ca-file: "ca\.pem" cannot be read: ENOENT/],
    ['without a certificate', { 'ca.pem': 'hello' }, /-ca-file: "ca\.pem" has no certificate/],
  ])('an authority %s', async (_, files, words) => {
    const cwd = await testdir({ ...good, ...files });
    await expectRefusal(['-thin-manifest-dir=.', '-ca-file=ca.pem'], words, { cwd });
  });

  it.each<[Record<string, string>, RegExp]>([
    [{ SSL_CERT_FILE: '/nonexist' }, /SSL_CERT_FILE: "\/nonexist" cannot be read: ENOENT/],
    [{ HTTPS_PROXY: 'ht!tp://x y' }, /HTTPS_PROXY is no proxy: expected http:\/\/HOST:PORT/],
    [{ http_proxy: 'socks5://x:1' }, /HTTP_PROXY is no proxy: .*, got socks5:\/\//],
    [{ REGISTRY_AUTH_FILE: '/nonexist' }, /REGISTRY_AUTH_FILE names \/nonexist, which is missing/],
  ])('surroundings that no request could succeed in: %j', async (env, words) => {
    const cwd = await testdir(good);
    await expectRefusal(['-thin-manifest-dir=.', '-plain-http=r.io'], words, { cwd, env });
    const { status } = await runCip(['-thin-manifest-dir=.', '-parse-only'], { cwd, env });
    expect(status).toBe(0); // which asks nobody
  });

  it('and the help on flags is named where a flag is to blame, nowhere else', async () => {
    await expectRefusal(['-confirm', '-threads=x'], /\ncip -help-all lists the flags\n$/);
    const { stderr } = await runCip(['-manifest=missing.yaml']);
    expect(stderr).not.toContain('-help');
  });

  it('a directory where a file is expected', async () => {
    const cwd = await testdir({ 'd/': '' });
    await expectRefusal(['-manifest=d'], /it is a directory.*; did you mean -thin-manifest-dir=d\?/, { cwd });
  });

  it('a plain manifest without anything in it', async () => {
    await expectRefusal(['-manifest=/dev/null', '-parse-only'], /manifest file "\/dev\/null" is empty/);
  });

  it('a plain manifest that does not parse, with the place', async () => {
    const cwd = await testdir({ 'm.yaml': 'registries:\n- name: "x\n' });
    for (const flags of [[], ['-parse-only'], ['-confirm']]) {
      await expectRefusal(['-manifest=m.yaml', ...flags], /m\.yaml:\d+:\d+: error: .*\[yaml\]/, { cwd });
    }
  });

  it('a thin directory in which nothing parses', async () => {
    const cwd = await testdir({ ...good, 'images/a/images.yaml': '- name: [\n' });
    for (const flags of [[], ['-parse-only'], ['-confirm']]) {
      await expectRefusal(['-thin-manifest-dir=.', ...flags], /images\/a\/images\.yaml:\d+:\d+: error: /, {
        cwd,
      });
    }
  });

  it('every problem is told, not only the first', async () => {
    const cwd = await testdir({
      ...good,
      'images/a/images.yaml': '- name: [\n',
      'manifests/b/promoter-manifest.yaml': 'registries: {\n',
      'images/b/images.yaml': '[]',
    });
    const { stderr } = await runCip(['-thin-manifest-dir=.', '-parse-only'], { cwd });
    expect(stderr).toMatch(/images\/a\/images\.yaml:\d+:\d+: error/);
    expect(stderr).toMatch(/manifests\/b\/promoter-manifest\.yaml:\d+:\d+: error/);
  });
});

describe('the flags of others', () => {
  it('are accepted with a warning each', async () => {
    const flags = ['-use-service-account', '-max-signature-copies=3', '-v=4', '-logtostderr', '-log_dir=/x'];
    const { status, stderr } = await runCip([await manifestFlag(offline()), '-parse-only', ...flags]);
    expect(status).toBe(0);
    for (const flag of flags) {
      expect(stderr).toMatch(new RegExp(`^WARNING -${flag.replace(/^-+|=.*/g, '')} is ignored`, 'm'));
    }
  });

  const identity = [
    '--certificate-identity-regexp=(krel-staging@k8s-releng-prod.iam.gserviceaccount.com)|(krel-trust@k8s-releng-prod.iam.gserviceaccount.com)',
    '--certificate-oidc-issuer=https://accounts.google.com',
  ];

  it('the periodic Prow job promotes unsigned images', async () => {
    const { registry, digest, wanted } = await oneImage();
    const directory = await testdir(thinFiles({ 'k8s-staging-app': wanted }));
    const args = ['cip', `--thin-manifest-dir=${directory}`, '--confirm', ...identity];
    const { status, stderr } = await runCip(args, { program: 'kpromo' });
    expect(status).toBe(0);
    expect(stderr).not.toMatch(/certificate-/);
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('the canary job promotes with --log-level=debug', async () => {
    const { registry, digest, wanted } = await oneImage();
    const directory = await testdir(thinFiles({ canary: wanted }));
    const args = ['cip', `--thin-manifest-dir=${directory}`, '--confirm', '--log-level=debug', ...identity];
    expect((await runCip(args, { program: 'kpromo' })).status).toBe(0);
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('the presubmit job says that its manifests are in no git repository, instead of promoting everything', async () => {
    const directory = await testdir(thinFiles({ a: offline() }));
    const args = ['cip', `--thin-manifest-dir=${directory}`, '--use-prow-manifest-diff', ...identity];
    const { status, stderr } = await runCip(args, { program: 'kpromo', env: { JOB_TYPE: 'postsubmit' } });
    expect(status).toBe(2);
    expect(stderr).toMatch(/cannot find what changed: .*is in no git repository/);
  });
});

describe('flags from the environment', () => {
  it('are taken, with the flag on the command line before them', async () => {
    const { flag } = await oneImage();
    const file = flag.replace('-manifest=', '');
    const env = { CIP_MANIFEST: file, CIP_PARSE_ONLY: '1', CIP_THREDS: '3' };
    const alone = await runWithReport([], { env });
    expect({ status: alone.status, mode: alone.report.mode }).toEqual({ status: 0, mode: 'parse-only' });
    expect(alone.stderr).toContain('unknown variable CIP_THREDS is ignored: did you mean CIP_THREADS?');
    expect((await runWithReport(['-parse-only=false'], { env })).report.mode).toBe('dry-run');
    expect((await runWithReport(['-confirm'], { env })).report.mode).toBe('promotion');
  });

  it('never confirm a run, and are named where they are wrong', async () => {
    await expectRefusal(['-manifest=m'], /^cip: CIP_CONFIRM is not allowed/, { env: { CIP_CONFIRM: '1' } });
    await expectRefusal(
      ['-manifest=m'],
      /-threads is a number, not "x" \(from the environment: CIP_THREADS\)/,
      {
        env: { CIP_THREADS: 'x' },
      },
    );
    const { stderr } = await runCip(['-manifest=m'], { env: { CIP_LOG_FORMAT: 'json' } });
    expect(JSON.parse(stderr)).toMatchObject({ severity: 'ERROR' });
  });
});

describe('-version and -help', () => {
  it.each([
    ['cip', '-version'],
    ['cip', '--version'],
    ['kpromo', 'version'],
  ] as const)('%s %s is data on stdout', async (program, word) => {
    const { version } = JSON.parse(readFileSync(join(repositoryRoot(), 'package.json'), 'utf8'));
    const { status, stdout, stderr } = await runCip([word], { program });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [first, ...others] = stdout.trimEnd().split('\n');
    expect(first).toBe(`Version:  ${version}`); // scripts read the first line
    expect(others.map((line) => line.split(':')[0])).toEqual(['Commit', 'Tree', 'Built', 'Node', 'Platform']);
    expect(stdout).toContain(process.version);
  });

  it.each([
    ['cip', ['-help']],
    ['cip', ['--help']],
    ['cip', ['-h']],
    ['cip', ['run', '--help']],
    ['kpromo', ['cip', '-h']],
    ['kpromo', []],
    ['cip', ['help']],
    ['kpromo', ['help']],
    ['kpromo', ['help', 'cip']],
  ] as const)('%s %j is data on stdout, and names the flags', async (program, words) => {
    const { status, stdout, stderr } = await runCip(words, { program });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const flag of [
      '-manifest FILE',
      '-thin-manifest-dir DIR',
      '-confirm',
      '-parse-only',
      '-threads N',
    ]) {
      expect(stdout).toContain(flag);
    }
  });

  it.each([
    ['cip', ['-version', '-json']],
    ['cip', ['--json', '--version']],
    ['cip', ['version', '--json']],
    ['cip', ['version', '-j']],
    ['kpromo', ['version', '--json']],
    ['kpromo', ['cip', 'version', '-json=true']],
  ] as const)('%s %j is the version as JSON', async (program, words) => {
    const { version } = JSON.parse(readFileSync(join(repositoryRoot(), 'package.json'), 'utf8'));
    const { status, stdout } = await runCip(words, { program });
    expect(status).toBe(0);
    const built = JSON.parse(readFileSync(join(repositoryRoot(), 'dist/build.json'), 'utf8'));
    expect(JSON.parse(stdout)).toEqual({
      gitVersion: version,
      gitCommit: built.commit ?? 'unknown',
      gitTreeState: built.dirty === undefined ? 'unknown' : built.dirty ? 'dirty' : 'clean',
      buildDate: built.date,
      nodeVersion: process.version,
      platform: `${process.platform}/${process.arch}`,
    });
  });

  it.each([[], ['verify'], ['diff'], ['mm'], ['pr'], ['report', 'merge']])(
    '-help of %j fits a screen',
    async (...command) => {
      const { stdout } = await runCip([...command, '-help']);
      expect(stdout.split('\n').length).toBeLessThanOrEqual(61);
      expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    },
  );

  it('-help-all prints every flag that has an effect, and -help names it', async () => {
    const [common, all] = [await runCip(['-help']), await runCip(['-help-all'])];
    expect(common.stdout).toContain('-help-all');
    expect(common.stdout).not.toContain('-trust-realm');
    expect(all.stdout).toContain('-trust-realm REGISTRY=HOST');
    expect(all.stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('help of a command is its own', async () => {
    const [long, short] = [await runCip(['help', 'verify']), await runCip(['verify', '-help'])];
    expect(long).toEqual(short);
    expect(long.stdout).toContain('-deep');
  });
});

describe('where output goes', () => {
  it('stdout stays empty in a promotion; the tables are on stderr', async () => {
    const { registry, flag } = await oneImage();
    const { stdout, stderr } = await runCip([flag, '-confirm']);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^copy +1 /m);
    expect(stderr).toMatch(/^copied +1 /m);
    expect(stderr).toMatch(new RegExp(`^${registry.host} `, 'm'));
  });

  it.each([
    [['-report=-']],
    [['-report', '-']],
    [['-json-log-summary']],
    [['-json-log-summary', '-report=-']],
  ])('%j is the JSON report alone on stdout', async (flags) => {
    const { flag } = await oneImage();
    const { status, stdout } = await runCip([flag, ...flags]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, mode: 'dry-run', summary: { edges: 1, copy: 1 } });
  });

  it('-report FILE and -report-markdown FILE are written beside each other', async () => {
    const { flag, digest, registry } = await oneImage();
    const cwd = temporaryDirectory();
    const { stdout } = await runCip([flag, '-report', 'r.json', '-report-markdown=r.md'], { cwd });
    expect(stdout).toBe('');
    expect(JSON.parse(readFileSync(join(cwd, 'r.json'), 'utf8')).items).toEqual([
      {
        decision: 'copy',
        source: `${registry.host}/staging/app@${digest}`,
        destination: `${registry.host}/prod/app:v1`,
        digest,
        outcome: 'not-attempted',
        reason: expect.stringContaining('regular promotion'),
        at: expect.stringMatching(/:\d+:\d+$/),
      },
    ]);
    expect(readFileSync(join(cwd, 'r.md'), 'utf8')).toMatch(
      new RegExp(
        `^\\| app \\| v1 \\| \\[${digest.slice(7, 19)}\\]\\(https://${registry.host}/staging/app@${digest}\\) \\| ${registry.host}/prod \\|`,
        'm',
      ),
    );
  });

  it('the report has the fields of version 1, and its items in the order of their destinations', async () => {
    const { wanted, registry, digest } = await oneImage();
    push(registry, 'staging/another', image({ seed: 'one' }));
    const images = { app: { [digest]: ['v2', 'v1'] }, another: { [digest]: ['z', 'a'] } };
    const { report } = await runWithReport([await manifestFlag({ ...wanted, images }), '-confirm']);
    expect(report).toMatchObject({
      version: 1,
      mode: 'promotion',
      startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      durationMs: expect.any(Number),
      summary: {
        edges: 4,
        present: 0,
        copy: 4,
        'add-tag': 0,
        'tag-move': 0,
        lost: 0,
        conflict: 0,
        invalid: 0,
        unreadable: 0,
        copied: 4,
        failed: 0,
        'not-attempted': 0,
      },
    });
    expect(report.items.map(({ destination }) => destination)).toEqual(
      ['another:a', 'another:z', 'app:v1', 'app:v2'].map((name) => `${registry.host}/prod/${name}`),
    );
    const { requests, retries, throttled, bytesIn, bytesOut } = report.hosts[registry.host] ?? {};
    expect({ requests, retries, throttled }).toEqual({
      requests: registry.requests.length,
      retries: 0,
      throttled: 0,
    });
    expect([bytesIn, bytesOut]).toEqual([sumOf(registry, 'bytesOut'), sumOf(registry, 'bytesIn')]);
  });

  it('-report-markdown=- is Markdown on stdout', async () => {
    const { flag } = await oneImage();
    const { stdout } = await runCip([flag, '-report-markdown=-']);
    expect(stdout).toMatch(
      /^## .*\n\n\*\*Would promote 1 image to 1 destination: 1 to copy, 0 refused \(exit 0\)\*\*\n/,
    );
  });

  it.each([['-report'], ['-report-markdown']])(
    '%s to where it cannot be written is exit 2 before anything is asked or promoted',
    async (name) => {
      const { registry, flag } = await oneImage();
      const cwd = await testdir({ file: '', 'directory/': '' });
      for (const target of ['nowhere/r', 'file/r', 'directory', 'directory/']) {
        await expectRefusal([flag, '-confirm', `${name}=${target}`], /cannot write the report/, { cwd });
      }
      expect(registry.requests).toEqual([]);
    },
  );

  it('an empty -report asks for none', async () => {
    const { flag } = await oneImage();
    expect(await runCip([flag, '-report=', '-report-markdown='])).toMatchObject({ status: 0, stdout: '' });
  });

  it('a report takes the place of an older one as a whole', async () => {
    const { flag } = await oneImage();
    const cwd = await testdir({ 'r.json': `{"old": "${'x'.repeat(100_000)}"}` });
    const { report } = await runCip([flag, '-report=r.json'], { cwd });
    expect(report?.summary.edges).toBe(1);
  });

  it('-report-all reports the edges that are present too', async () => {
    const { flag } = await oneImage();
    await runCip([flag, '-confirm']);
    const some = await runWithReport([flag]);
    const all = await runWithReport([flag, '-report-all']);
    expect(some.report.items).toEqual([]);
    expect(all.report.items).toMatchObject([{ decision: 'present', outcome: 'present' }]);
    expect(all.report.summary).toEqual(some.report.summary);
  });

  it('a reader of stdout that goes away is no failure', async () => {
    const { flag } = await oneImage();
    const cip = join(repositoryRoot(), 'bin/cip.js');
    const script = `"$0" "$@" -report=- | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, cip, flag]);
    expect(stdout.trim()).toBe('0');
  });
});

describe('the log', () => {
  it.each([
    ['debug', true],
    ['info', true],
    ['warning', false],
    ['warn', false],
    ['error', false],
  ])('-log-level=%s decides whether information is told', async (level, isTold) => {
    const { status, stderr } = await runCip([
      await manifestFlag(offline()),
      '-parse-only',
      '-log-format=legacy',
      `-log-level=${level}`,
    ]);
    expect(status).toBe(0);
    expect(stderr.includes('manifests read')).toBe(isTold);
  });

  it('-log-format json makes every line of stderr JSON, the end of a run too', async () => {
    const { flag, registry } = await oneImage();
    const { status, stderr } = await runCip([flag, '-confirm', '-v=2', '-log-format', 'json']);
    const lines = parseLines(stderr);
    expect(status).toBe(0);
    for (const line of lines) {
      expect(line).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        severity: expect.stringMatching(/^(?:DEBUG|INFO|WARNING|ERROR)$/),
        message: expect.any(String),
      });
    }
    expect(lines[0]).toMatchObject({ severity: 'WARNING' });
    expect(lines.at(-2)).toMatchObject({ message: 'host', host: registry.host, copy: 1 });
    expect(lines.at(-1)).toMatchObject({ message: 'run finished', mode: 'promotion', edges: 1, copied: 1 });
  });

  it.each([
    ['-log-level=error', 'ERROR'],
    ['-log-level=error', 'ERROR', '-confirm'],
    ['-log-level=warning', 'WARNING', '-allow-lost'],
  ])('%s shows each edge that decides the exit code: %s %s', async (...row) => {
    const [level = '', severity = '', ...flags] = row;
    const { digest, wanted } = await oneImage();
    const lost = { ...wanted, images: { app: { [digest]: ['v1'], [A]: ['v2'] } } };
    const args = [await manifestFlag(lost), level, ...flags];
    const start = flags.some((flag) => flag === '-confirm') ? '\\S+Z ERROR' : `${severity} +`;
    const { stderr } = await runCip(args);
    expect(stderr).toMatch(new RegExp(`^${start} ?lost \\S+/app:v2 \\S+: not found at `, 'm'));
    const legacy = await runCip([...args, '-log-format=legacy']);
    expect(legacy.stderr).toMatch(new RegExp(`^${severity} +lost: .*/app:v2: _LOST_`, 'm'));
    expect(stderr).not.toMatch(/^INFO/m);
  });

  it.each(['-parse-only', '-confirm', 'verify'])(
    '-log-format json ends with a summary at every level: %s',
    async (what) => {
      const { flag } = await oneImage();
      const { stderr } = await runCip([what, flag, '-log-level=error', '-log-format=json']);
      expect(parseLines(stderr).at(-1)).toMatchObject({ message: 'run finished', edges: 1 });
    },
  );

  it('the log names no identity for a host without requests', async () => {
    const conflict = offline({ app: { [A]: ['v1'], [B]: ['v1'] } });
    const args = [await manifestFlag(conflict), '-parse-only', '-log-format=legacy'];
    const { status, stderr } = await runCip(args);
    expect(status).toBe(1);
    expect(stderr).not.toMatch(/asked as|identity used/);
    expect(stderr).toMatch(/^ERROR +conflict: [^ ]+ -> [^ ]+: the same dst tag is wanted for/m);
  });

  it('a dry run says last that it was one', async () => {
    const { flag } = await oneImage();
    expect((await runCip([flag])).stderr).toMatch(
      /^Plan: 1 image to 1 destination: 1 to copy, 0 refused\n[^]*\ndry run: nothing was written; -confirm promotes\nWould promote 1 image to 1 destination: 1 to copy, 0 refused \(exit 0\)\n$/,
    );
    expect((await runCip([flag, '-log-format=legacy'])).stderr).toMatch(
      /\nINFO +dry run: nothing was written; -confirm promotes\n$/,
    );
    expect((await runCip([flag, '-confirm'])).stderr).not.toContain('dry run');
  });

  it('-log-format json holds for a failure too', async () => {
    const { status, stderr } = await runCip(['-manifest=nope', '-log-format=json']);
    expect(status).toBe(2);
    expect(parseLines(stderr)).toMatchObject([
      { severity: 'ERROR', message: expect.stringContaining('nope') },
    ]);
  });

  it.each([['-log-format=json'], ['--log-format', 'json'], ['-log-format=JSON']])(
    '-log-format json holds for a command line that cannot be used: %s %s',
    async (...format) => {
      const { status, stderr } = await runCip([...format, '-confirm', '-no-such-flag']);
      expect(status).toBe(2);
      expect(parseLines(stderr)).toMatchObject([
        { severity: 'ERROR', message: expect.stringContaining('unknown flag "-no-such-flag"') },
      ]);
    },
  );

  it('a password in the name of a registry is in no output', async () => {
    const password = 'S3cretPw';
    const name = `usr:${password}@gcr.example.com/prod`;
    const manifest = plainManifest({ ...offline(), to: [name] });
    const runs = [
      runCip([`-snapshot=${name}`]),
      runCip([`-snapshot=${name}`, '-snapshot=other.io']),
      runCip([await manifestFlag(manifest), '-parse-only', '-report=-', '-report-markdown=r.md']),
      runCip(['diff', name, `${name}/x`]),
      runCip([await manifestFlag(offline()), `-plain-http=${name}`]),
    ];
    for (const { status, stdout, stderr } of await Promise.all(runs)) {
      expect(status).not.toBe(0);
      expect(stdout + stderr).toContain('usr:********@gcr.example.com');
      expect(stdout + stderr).not.toContain(password);
    }
  });

  it('there is no progress display where stderr is no terminal', async () => {
    const { flag } = await oneImage();
    const { stderr } = await runCip([flag, '-confirm']);
    // oxlint-disable-next-line no-control-regex -- it is what a display is made of
    expect(stderr).not.toMatch(/[\r\u001b]/);
  });

  it('credentials are in no output, whatever the log level', async () => {
    const password = 'correct-horse-battery';
    const registry = await embedded({ auth: { kind: 'basic', users: { robot: password } } });
    const digest = push(registry, 'staging/app', image({ seed: 'secret' }));
    const auth = Buffer.from(`robot:${password}`).toString('base64');
    const config = await testdir({ 'config.json': JSON.stringify({ auths: { [registry.host]: { auth } } }) });
    const flag = await manifestFlag({
      from: `${registry.host}/staging`,
      to: [`${registry.host}/prod`],
      images: { app: { [digest]: ['v1'], [A]: ['v2'] } },
    });
    const env = { DOCKER_CONFIG: config };
    const { status, stdout, stderr } = await runCip([flag, '-confirm', '-log-level=debug', '-report=-'], {
      env,
    });
    expect(status).toBe(1);
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
    expect(stdout + stderr).not.toContain(password);
    expect(stdout + stderr).not.toContain(auth);
  });
});

describe('limits and hosts', () => {
  it.runIf(process.getuid?.() === 0)('a user without a home and without a name promotes', async () => {
    const { flag } = await oneImage();
    await chmod(dirname(flag.slice('-manifest='.length)), 0o755);
    const { status, stderr } = await runCip([flag, '-confirm'], {
      env: { HOME: undefined },
      cwd: '/',
      uid: 12_345,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('copied') });
  });

  it.each([['1'], ['0'], ['1000']])('-threads=%s promotes', async (threads) => {
    const { registry, digest, flag } = await oneImage();
    expect((await runCip([flag, '-confirm', `-threads=${threads}`])).status).toBe(0);
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it('-plain-http HOST speaks http to hosts that are not loopback, and may be repeated', async () => {
    const { registry, digest, wanted } = await oneImage();
    const port = registry.host.split(':')[1];
    const name = `[::ffff:7f00:1]:${port}`; // 127.0.0.1, written so that it does not look like it
    const flag = await manifestFlag({ ...wanted, from: `${name}/staging`, to: [`${name}/prod`] });
    const secure = await runWithReport([flag, '-confirm']);
    expect(secure.status).toBe(1);
    expect(secure.report.summary.unreadable).toBe(1);
    expect(secure.stderr).toMatch(/^\S+Z ERROR no answer at \S+, 1 edge of prod\/app: .*SSL/m); // when the plan is known
    expect(secure.stderr).toMatch(/^ERROR +no answer at \S+, 1 edge of prod\/app: .*SSL/m);
    const plain = await runCip([flag, '-confirm', '-plain-http=elsewhere.example', '-plain-http', name]);
    expect(plain.status).toBe(0);
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });
});

describe('exit codes of a thin directory', () => {
  it('a project that does not parse is exit 1 in a promotion, and the others are promoted', async () => {
    const { registry, digest, wanted } = await oneImage();
    const files = thinFiles({ bad: wanted, good: wanted });
    const directory = await testdir({ ...files, 'images/bad/images.yaml': '- name: app\n  dmap: {"x\n' });
    const { status, report } = await runWithReport([`-thin-manifest-dir=${directory}`, '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ edges: 1, copied: 1 });
    expect(report.summary.invalid).toBeGreaterThan(0);
    expect(report.items).toContainEqual(
      expect.objectContaining({
        decision: 'invalid',
        at: expect.stringMatching(/^images\/bad\/images\.yaml:\d+:\d+$/),
      }),
    );
    expect(registry.store.resolveTag('prod/app', 'v1')).toBe(digest);
  });

  it.each([
    [0, {}],
    [1, { app: { [A]: ['v1'], [B]: ['v1'] } }],
    [1, { app: { [A.slice(1)]: ['v1'] } }],
    [1, { app: { [A]: ['!v1'] } }],
  ])('-parse-only is exit %i for %j', async (status, images) => {
    const directory = await testdir(thinFiles({ a: offline({ other: { [B]: ['v9'] }, ...images }) }));
    expect((await runCip([`-thin-manifest-dir=${directory}`, '-parse-only'])).status).toBe(status);
  });

  it('-parse-only tells of all projects what a dry run tells, though one does not parse', async () => {
    const conflict = { app: { [A]: ['v1'], [B]: ['v1'] } };
    const directory = await testdir({
      ...thinFiles({
        bad: offline(),
        conflict: offline(conflict),
        malformed: offline({ app: { [A.slice(1)]: ['v2'] } }),
      }),
      'images/bad/images.yaml': '- name: app\n  dmap: {"x\n',
    });
    const { status, report, stderr } = await runWithReport([
      `-thin-manifest-dir=${directory}`,
      '-parse-only',
    ]);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ conflict: 2, invalid: 2 });
    expect(report.items.filter(({ decision }) => decision === 'invalid').map(({ at }) => at)).toEqual([
      expect.stringMatching(/^images\/bad\/images\.yaml:\d+:\d+$/),
      expect.stringMatching(/^images\/malformed\/images\.yaml:3:\d+$/),
    ]);
    expect(stderr).toMatch(/^ERROR +conflict /m);
  });

  it('-parse-only warns of what only flags and registries tell together', async () => {
    const registries = ['one', 'two'].map(
      (account) =>
        `registries:\n- {name: a.io/x, src: true}\n- {name: b.io/x, service-account: ${account}@p}\n`,
    );
    const directory = await testdir({
      'manifests/one/promoter-manifest.yaml': registries[0] ?? '',
      'manifests/two/promoter-manifest.yaml': registries[1] ?? '',
      'images/one/images.yaml': '',
      'images/two/images.yaml': '',
    });
    const args = [`-thin-manifest-dir=${directory}`, '-parse-only', '-budget=c.io=5'];
    const { status, stderr } = await runCip(args);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^WARNING one registry is bound to two service accounts registry="b\.io\/x"/m);
    expect(stderr).toMatch(/^WARNING -budget names a host that no registry uses/m);
    expect((await runCip([...args, '-no-service-account'])).stderr).not.toContain('two service accounts');
  });

  it('-parse-only is exit 1 for a malformed service account', async () => {
    const text = plainManifest(offline()).replace(
      /(?<=\n- name: .*\n)(?=images)/,
      '  service-account: promoter\n',
    );
    const { status, report } = await runWithReport([await manifestFlag(text), '-parse-only']);
    expect(status).toBe(1);
    expect(report.items).toContainEqual(
      expect.objectContaining({
        decision: 'invalid',
        reason: expect.stringMatching(/invalid service account "promoter": expected an email address/),
        at: expect.stringMatching(/:5:20$/),
      }),
    );
  });

  it('-parse-only shows a malformed entry with its place and the lines around it', async () => {
    const cwd = await testdir({ 'm.yaml': plainManifest(offline({ app: { 'sha256:short': ['v1'] } })) });
    const { stderr } = await runCip(['-manifest=m.yaml', '-parse-only'], { cwd });
    expect(stderr).toMatch(
      /m\.yaml:8:5: error: invalid digest "sha256:short".*\[digest\]\n.*\|.*sha256:short/s,
    );
  });
});

/** Bytes by the registry's own count. */
function sumOf({ requests }: EmbeddedRegistry, field: 'bytesIn' | 'bytesOut'): number {
  return requests.reduce((sum, request) => sum + request[field], 0);
}

function parseLines(text: string): readonly Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line): Record<string, unknown> => JSON.parse(line));
}

it('the log does not call a host anonymous if its identity could not be obtained', async () => {
  const registry = await embedded({ auth: { kind: 'basic', users: { alice: 'pw' } } });
  const names = [`${registry.host}/from`, `${registry.host}/to`];
  const images = { app: { [`sha256:${'0'.repeat(64)}`]: ['v1'] } };
  const flag = await manifestFlag({ from: names[0] ?? '', to: names.slice(1), images });
  const config = JSON.stringify({ credsStore: 'nowhere' });
  const DOCKER_CONFIG = await testdir({ 'config.json': config });
  const { status, stderr } = await runCip([flag], { env: { DOCKER_CONFIG } });
  expect(status).toBe(1);
  expect(stderr).toContain('cannot run docker-credential-nowhere');
  expect(stderr).not.toContain('anonymous');
});
