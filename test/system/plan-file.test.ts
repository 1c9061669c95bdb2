// Covers src/cli/commands/apply.ts
// Covers src/cli/commands/run/run-apply.ts
// Covers src/cli/commands/show.ts
// Covers src/cli/commands/run/run-show.ts
// Covers src/cli/runtime/plan-files.ts
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { image, push } from '../builders/images.ts';
import { copyTo, encoded, planWith } from '../builders/plans.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { embedded, thinFiles, writesOf } from './staging.ts';

/** Two images to promote to two registries of one host, and one that is lost. */
async function world() {
  const staging = await embedded({ listing: 'google' });
  const production = await embedded();
  const app = push(staging, 'staging/app', image({ seed: 'app' }));
  const tool = push(staging, 'staging/tool', image({ seed: 'tool' }));
  const filesFor = (tags: readonly string[]) =>
    thinFiles({
      a: {
        from: `${staging.host}/staging`,
        to: [`${production.host}/us`, `${production.host}/eu`],
        images: { app: { [app]: tags }, tool: { [tool]: ['v1'] } },
      },
    });
  const directory = temporaryDirectory();
  const plan = join(directory, 'plan.json');
  const flag = `-thin-manifest-dir=${await testdir(filesFor(['v1', 'v2']))}`;
  return { staging, production, app, tool, plan, flag, directory, filesFor };
}

/** The same with its plan written. */
async function planned(...flags: readonly string[]) {
  const given = await world();
  const run = await runCip([given.flag, `-plan-out=${given.plan}`, ...flags]);
  expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
  return given;
}

function keyFiles(directory: string, name = 'key') {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const secret = join(directory, `${name}.pem`);
  const trusted = join(directory, `${name}.pub`);
  writeFileSync(secret, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(trusted, publicKey.export({ type: 'spki', format: 'pem' }));
  return { secret, trusted };
}

describe('a plan file', () => {
  it('is written by a dry run, told as a dry run, applied once, and has nothing left to do', async () => {
    const { plan, production } = await planned();
    expect(writesOf(production)).toEqual([]);
    const dry = await runWithReport(['apply', plan]);
    expect(dry).toMatchObject({ status: 0, report: { mode: 'dry-run', summary: { edges: 6, copy: 6 } } });
    expect(dry.stderr).toMatch(/nothing was written; -confirm applies the plan/);
    expect(writesOf(production)).toEqual([]);
    const applied = await runWithReport(['apply', plan, '-confirm', '-threads=4']);
    expect(applied).toMatchObject({ status: 0, report: { mode: 'promotion', summary: { copied: 6 } } });
    const again = await runWithReport(['apply', plan, '-confirm', '-report-all']);
    expect(again).toMatchObject({ status: 0, report: { summary: { edges: 6, present: 6, copied: 0 } } });
  });

  it('goes to stdout where that is asked for, and is shown in each format', async () => {
    const { flag, plan, app, production } = await world();
    const made = await runCip([flag, '-plan-out=-']);
    writeFileSync(plan, made.stdout);
    const text = await runCip(['show', plan]);
    expect(text).toMatchObject({ status: 0 });
    expect(text.stdout).toMatch(/6 of 6 edges are to be written/);
    expect(text.stdout).toContain(`copy v2 ${app}`);
    expect(text.stdout).toContain(`${production.host}/eu`);
    const json = await runCip(['show', plan, '-output', 'json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ counts: { copy: 6 }, signature: { kind: 'unsigned' } });
    expect((await runCip(['show', plan, '-output=markdown'])).stdout).toMatch(/^## Promotion plan\n/);
    expect((await runCip(['show', plan, '-output=html'])).stdout).toMatch(/^<!doctype html>/);
    expect(await runCip(['show', plan, '-output=yaml'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/-output is text, json, markdown or html, not "yaml"/),
    });
  });

  it('is shown without control characters of texts in it, in any format', async () => {
    const { directory } = await world();
    const hostile = planWith([copyTo('p.io/p/app', 'v1')], {
      malformed: [
        {
          rule: 'digest',
          message: 'a\u009b31m\u202eb\u001b[2J',
          at: { file: 'm\u001b.yaml', line: 1, column: 1 },
        },
      ],
    });
    const path = join(directory, 'hostile.json');
    writeFileSync(path, encoded(hostile));
    for (const format of ['text', 'json', 'markdown', 'html']) {
      const { status, stdout } = await runCip(['show', path, `-output=${format}`]);
      expect({ format, status }).toEqual({ format, status: 0 });
      // oxlint-disable-next-line no-control-regex -- control characters are what it is about
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });

  it('is applied by shards, whose reports merge', async () => {
    const { plan, directory } = await planned();
    const reports = [0, 1, 2].map((index) => join(directory, `${index}.json`));
    for (const [index, report] of reports.entries()) {
      const run = await runCip(['apply', plan, '-confirm', `-shard=${index}/3`, `-report=${report}`]);
      expect(run).toMatchObject({ status: 0 });
    }
    const merged = await runWithReport(['report', 'merge', ...reports]);
    expect(merged).toMatchObject({ status: 0, report: { summary: { edges: 6, copied: 6 } } });
    const part = await runCip(['report', 'merge', ...reports.slice(1)]);
    expect(part).toMatchObject({ status: 2, stderr: expect.stringMatching(/1 of 3 shards missing: 0\/3/) });
  });

  it('replaces the plan of an earlier run before its own is ready', async () => {
    const { plan, flag } = await planned();
    const run = await runCip([flag, `-plan-out=${plan}`, '-key-files=/nowhere/key.json']);
    expect(run.status).toBe(2);
    expect(() => readFileSync(plan)).toThrow(/ENOENT/);
  });

  it.skipIf(!existsSync('/dev/full'))(
    'that cannot be written fails the run, which has its report',
    async () => {
      const { flag } = await world();
      const run = await runWithReport([flag, '-plan-out=/dev/full']);
      expect(run).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/cannot write the plan "\/dev\/full": .*ENOSPC/),
        report: { summary: { copy: 6 } },
      });
    },
  );

  it('is signed, shown with its key, and demanded', async () => {
    const { directory, flag, plan } = await world();
    const [key, other] = [keyFiles(directory), keyFiles(directory, 'other')];
    const made = await runCip([flag, `-plan-out=${plan}`, `-plan-key=${key.secret}`]);
    expect(made).toMatchObject({ status: 0, stderr: expect.not.stringContaining('chmod') });
    const shown = await runCip(['show', plan, `-plan-trusted-key=${key.trusted}`]);
    expect(shown).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/by the key sha256:\w{64}, verified/),
    });
    const unsure = await runCip(['show', plan, `-plan-trusted-key=${other.trusted}`]);
    expect(unsure).toMatchObject({ status: 1, stdout: expect.stringMatching(/not verified/) });
    const refused = await runCip(['apply', plan, '-confirm', `-plan-trusted-key=${other.trusted}`]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringMatching(/no -plan-trusted-key is/) });
    const both = [`-plan-trusted-key=${other.trusted}`, `-plan-trusted-key=${key.trusted}`];
    expect(await runCip(['apply', plan, '-confirm', ...both])).toMatchObject({ status: 0 });
  });

  it('is signed by a key that others may read, with a warning', async () => {
    const { directory, flag, plan } = await world();
    const { secret } = keyFiles(directory);
    chmodSync(secret, 0o644);
    const made = await runCip([flag, `-plan-out=${plan}`, `-plan-key=${secret}`]);
    expect(made).toMatchObject({ status: 0, stderr: expect.stringMatching(/chmod 600/) });
  });
});

describe('a plan file is refused with exit 2', () => {
  it('when it was altered, cut, emptied, is too large, a directory, a report or not there', async () => {
    const { plan, directory, flag } = await planned();
    const text = readFileSync(plan, 'utf8');
    const report = join(directory, 'report.json');
    await runCip([flag, `-report=${report}`]);
    const huge = join(directory, 'huge.json');
    writeFileSync(huge, '');
    truncateSync(huge, 2 * 1024 ** 3);
    const fileOf = (name: string, content: string) => {
      writeFileSync(join(directory, name), content);
      return join(directory, name);
    };
    const cases: [string, RegExp][] = [
      [fileOf('altered.json', text.replace('"v2"', '"v3"')), /it was altered after it was written/],
      [fileOf('cut.json', text.slice(0, 500)), /not JSON.*incomplete/],
      [fileOf('empty.json', ''), /it is empty/],
      [fileOf('later.json', text.replace('"version":1', '"version":2')), /format version 2/],
      [report, /no plan file/],
      [huge, /more than \d+ bytes/],
      [directory, /it is a directory/],
      [join(directory, 'nowhere.json'), /ENOENT/],
    ];
    for (const [path, words] of cases) {
      for (const command of [
        ['show', path],
        ['apply', path, '-confirm'],
      ]) {
        const run = await runCip(command);
        expect({ command, ...run }).toMatchObject({ status: 2, stderr: expect.stringMatching(words) });
      }
    }
    const merged = await runCip(['report', 'merge', plan]);
    expect(merged).toMatchObject({ status: 2, stderr: expect.stringMatching(/a plan file, not a report/) });
  });

  it('when it is old, unsigned, of a shard already, or of other manifests than there are now', async () => {
    const { plan, flag, filesFor, directory, production } = await planned();
    const others = await testdir(filesFor(['v1', 'v3']));
    const { trusted } = keyFiles(directory);
    const cases: [string[], RegExp][] = [
      [['-max-plan-age=1ms'], /older than -max-plan-age allows/],
      [[`-plan-trusted-key=${trusted}`], /it is not signed/],
      [[`-thin-manifest-dir=${others}`], /made from other manifests/],
    ];
    for (const [flags, words] of cases) {
      const run = await runCip(['apply', plan, '-confirm', ...flags]);
      expect({ flags, ...run }).toMatchObject({ status: 2, stderr: expect.stringMatching(words) });
    }
    expect(writesOf(production)).toEqual([]);
    await runCip([flag, `-plan-out=${plan}`, '-shard=0/2']);
    expect(await runCip(['apply', plan, '-shard=0/2'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/the plan of shard 0\/2 already/),
    });
    expect(await runCip(['apply', plan, flag, '-max-plan-age=0'])).toMatchObject({ status: 0 });
  });
});

it('flags that contradict each other are refused', async () => {
  const { flag, plan } = await world();
  const cases: [string[], RegExp][] = [
    [[flag, `-plan-out=${plan}`, '-confirm'], /-plan-out .* cannot go with -confirm/],
    [[flag, `-plan-out=${plan}`, '-parse-only'], /cannot go with -parse-only/],
    [[flag, '-plan-key=x'], /-plan-key signs the plan of -plan-out, which is not given/],
    [[flag, '-plan-out='], /-plan-out is given without a value/],
    [[flag, `-plan-out=${plan}`, `-report=${plan}`], /-report and -plan-out cannot both go to one place/],
    [['apply', plan, '-max-plan-age=soon'], /-max-plan-age is a duration/],
    [['apply', plan, '-max-image-size=1'], /cip apply does not take -max-image-size/],
    [['verify', flag, `-plan-out=${plan}`], /-plan-out is not allowed/],
  ];
  for (const [args, words] of cases) {
    expect({ args, ...(await runCip(args)) }).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(words),
    });
  }
});
