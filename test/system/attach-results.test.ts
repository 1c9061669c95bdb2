// Covers src/cli/output/attached-results.ts
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { embedded, manifestFlag } from './staging.ts';

const JUNIT = `<testsuite name="app:v1"><testcase name="starts"/><testcase name="stops"><failure message="hangs"/></testcase></testsuite>`;

async function dryRun(files: Readonly<Record<string, string>>, ...flags: readonly string[]) {
  const registry = await embedded();
  const pushed = push(registry, 'staging/app', image({ seed: 'app' }), 'v1');
  const flag = await manifestFlag({
    from: `${registry.host}/staging`,
    to: [`${registry.host}/prod`],
    images: { app: { [pushed]: ['v1'] } },
  });
  const directory = await testdir(files);
  const run = await runCip([flag, ...flags], { cwd: directory });
  return { ...run, markdown: () => readFile(join(directory, 'report.md'), 'utf8') };
}

describe('-attach-results', () => {
  it('adds the results of several files to the Markdown report', async () => {
    const files = {
      'a.xml': JUNIT,
      'b.xml': '<testsuites><testsuite name="unit"><testcase name="t"/></testsuite></testsuites>',
    };
    const run = await dryRun(
      files,
      '-report-markdown=report.md',
      '-attach-results=a.xml',
      '-attach-results',
      'b.xml',
    );
    expect(run.status, run.stderr).toBe(0);
    const text = await run.markdown();
    expect(text).toMatch(
      /### Test results by image\n\n.*\n.*\n\| app \| v1 \| [0-9a-f]{12} \| 2 \| 1 \| 1 \| 0 \|\n/,
    );
    expect(text).toContain('- failed: app: stops: hangs');
    expect(text).toMatch(/### Test results\n\n.*\n.*\n\| unit \| 1 \| 1 \| 0 \| 0 \|\n/);
  });

  it.each([
    [{}, /cannot use the test results "a\.xml": no such file/],
    [
      { 'a.xml': '<testsuite>' },
      /cannot use the test results "a\.xml": not well-formed XML: .* \(line 1, column \d+\)/,
    ],
    [{ 'a.xml': '<html/>' }, /"a\.xml": not a JUnit file/],
    [{ 'a.xml': ' '.repeat(20 * 1024 * 1024 + 1) }, /"a\.xml": it has more than 20 MiB: split it/],
  ])('refuses a file that it cannot read before anything is done: %#', async (files, message) => {
    const run = await dryRun(files, '-report-markdown=report.md', '-attach-results=a.xml');
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(message);
    await expect(run.markdown()).rejects.toThrow('ENOENT');
  });

  it('needs a Markdown report, which is no file of results', async () => {
    const alone = await dryRun({ 'a.xml': JUNIT }, '-attach-results=a.xml');
    expect(alone.stderr).toContain('-attach-results has no effect without -report-markdown');
    const over = await dryRun(
      { 'report.md': JUNIT },
      '-report-markdown=report.md',
      '-attach-results=report.md',
    );
    expect(over).toMatchObject({ status: 2, stderr: expect.stringContaining('one of the input files') });
  });
});
