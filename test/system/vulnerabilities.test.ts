// Covers src/cli/vulnerabilities/open-gate.ts
// Covers src/cli/runtime/read-input.ts

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport, startCip } from '../doubles/run-cip.ts';
import { poll } from '../doubles/waiting.ts';
import { embedded, manifestFlag, writesOf } from './staging.ts';

const BAD = image({ seed: 'bad' });
const GOOD = image({ seed: 'good' });
const GATE = '-vuln-severity-threshold=high';

/** Two images to promote, and files in the directory of the run. */
async function world(files: Readonly<Record<string, string>> = {}) {
  const registry = await embedded();
  push(registry, 'staging/bad', BAD, 'v1');
  push(registry, 'staging/good', GOOD, 'v1');
  const flag = await manifestFlag({
    from: `${registry.host}/staging`,
    to: [`${registry.host}/prod`],
    images: { bad: { [BAD.manifest.digest]: ['v1'] }, good: { [GOOD.manifest.digest]: ['v1'] } },
  });
  registry.clearRequests();
  return { registry, flag, cwd: await testdir(files) };
}

function trivy(digest: Digest, ...ids: readonly string[]): string {
  const found = ids.map((id) => ({
    VulnerabilityID: id,
    PkgName: 'libssl3',
    InstalledVersion: '3.0',
    FixedVersion: '3.1',
    Severity: 'HIGH',
  }));
  return JSON.stringify({
    SchemaVersion: 2,
    ArtifactName: `any/name@${digest}`,
    Results: [{ Vulnerabilities: found }],
  });
}

const RESULTS = {
  'bad.json': trivy(BAD.manifest.digest, 'CVE-2026-1'),
  'good.json': trivy(GOOD.manifest.digest),
};
const RESULT_FLAGS = ['-scan-results=bad.json', '-scan-results', 'good.json'];

/** A scanner that finds a vulnerability in one image. It logs its references. */
const SCANNER = `
  import { appendFileSync } from 'node:fs';
  const ref = process.argv.at(-1);
  appendFileSync('scanned', ref + '\\n');
  const found = ref.endsWith('${BAD.manifest.digest}') ? ['CVE-2026-1'] : [];
  console.log(JSON.stringify({
    SchemaVersion: 2,
    ArtifactName: ref,
    Results: [{ Vulnerabilities: found.map((id) => ({ VulnerabilityID: id, Severity: 'CRITICAL', FixedVersion: '2' })) }],
  }));`;
const COMMAND = `-scan-command="${process.execPath}" scan.mjs image {ref}`;

describe('-vuln-severity-threshold with -scan-results', () => {
  it('blocks the images with vulnerabilities, and promotes the others', async () => {
    const { registry, flag, cwd } = await world(RESULTS);
    const flags = [flag, '-confirm', GATE, ...RESULT_FLAGS, '-report-markdown=report.md'];
    const { status, report } = await runWithReport(flags, { cwd });
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ blocked: 1, copied: 1 });
    expect(report.findings).toMatchObject([
      {
        rule: 'vulnerabilities',
        level: 'error',
        message: expect.stringContaining(
          'has 1 vulnerability of severity high or above with a fix: CVE-2026-1 (high, libssl3 3.0, fixed in 3.1)',
        ),
        edges: [`${registry.host}/prod/bad:v1`],
      },
    ]);
    expect(report.vulnerabilities).toMatchObject({
      threshold: 'high',
      fixableOnly: true,
      source: 'scan results',
      images: [
        { image: `${registry.host}/staging/bad@${BAD.manifest.digest}`, state: 'vulnerable', counted: 1 },
        { state: 'passed' },
      ],
    });
    expect(registry.store.resolveTag('prod/bad', 'v1')).toBeUndefined();
    const markdown = await readFile(join(cwd, 'report.md'), 'utf8');
    expect(markdown).toContain('<summary>Vulnerabilities: 1 of 2 images with some of severity high or above');
    expect(markdown).toMatch(
      /\| bad@sha256:[0-9a-f]{12} \| CVE-2026-1 \| high \| libssl3 \| 3\.0 \| 3\.1 \|/,
    );
  });

  it('blocks an image without a result, unless the rule not-scanned has another level', async () => {
    const { flag, cwd } = await world(RESULTS);
    const flags = [flag, GATE, '-scan-results=good.json'];
    const blocked = await runWithReport(flags, { cwd });
    expect(blocked.status).toBe(1);
    expect(blocked.report.findings).toMatchObject([{ rule: 'not-scanned', level: 'error' }]);
    const lowered = await runWithReport([...flags, '-rule=not-scanned=warn'], { cwd });
    expect(lowered.status).toBe(0);
    expect(lowered.report.findings).toMatchObject([{ rule: 'not-scanned', level: 'warn' }]);
  });

  it('a VEX document of the image dismisses the vulnerability, one of another image does not', async () => {
    const vex = (digest: Digest) =>
      JSON.stringify({
        '@context': 'https://openvex.dev/ns/v0.2.0',
        statements: [
          {
            vulnerability: { name: 'CVE-2026-1' },
            products: [{ '@id': `pkg:oci/bad@${digest}` }],
            status: 'not_affected',
          },
        ],
      });
    const files = { 'vex.json': vex(BAD.manifest.digest), 'other.json': vex(GOOD.manifest.digest) };
    const { flag, cwd } = await world({ ...RESULTS, ...files });
    const statusOf = async (file: string) =>
      (await runCip([flag, GATE, ...RESULT_FLAGS, `-vex=${file}`], { cwd })).status;
    expect(await statusOf('vex.json')).toBe(0);
    expect(await statusOf('other.json')).toBe(1);
  });

  it.each([
    ['missing.json', {}, 'no such file'],
    ['a.json', { 'a.json': 'no JSON' }, 'it is not a JSON object'],
    ['a.json', { 'a.json': '{}' }, 'it is not a report of a known format'],
    ['a.json', { 'a.json': ' '.repeat(64 * 1024 * 1024 + 1) }, 'it has more than 64 MiB: split it'],
  ])('refuses %s that it cannot use before any request: %#', async (file, files, reason) => {
    const { registry, flag, cwd } = await world(files);
    const { status, stderr } = await runCip([flag, '-confirm', GATE, `-scan-results=${file}`], { cwd });
    expect(status).toBe(2);
    expect(stderr).toContain(`cannot use the scan results "${file}": ${reason}`);
    expect(registry.requests).toEqual([]);
  });
});

describe('-vuln-severity-threshold with -scan-command', () => {
  it('runs the command for each image, and judges by its output', async () => {
    const { registry, flag, cwd } = await world({ 'scan.mjs': SCANNER });
    const { status, report } = await runWithReport([flag, GATE, COMMAND], { cwd });
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ blocked: 1, copy: 1 });
    const scanned = (await readFile(join(cwd, 'scanned'), 'utf8')).trim().split('\n');
    expect(scanned.toSorted()).toEqual([
      `${registry.host}/staging/bad@${BAD.manifest.digest}`,
      `${registry.host}/staging/good@${GOOD.manifest.digest}`,
    ]);
    expect(writesOf(registry)).toEqual([]);
  });

  it('blocks every image if the command does not exist', async () => {
    const { flag } = await world();
    const { status, report } = await runWithReport([flag, GATE, '-scan-command=no-such-scanner {ref}']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ blocked: 2 });
    expect(report.findings[0]?.message).toMatch(/: there is no such program in PATH$/);
  });
});

it('a stopped run kills the scanner', async () => {
  const script = `import { writeFileSync } from 'node:fs';
    writeFileSync('pid', String(process.pid));
    setInterval(() => {}, 1000);`;
  const { registry, flag, cwd } = await world({ 'scan.mjs': script });
  const run = startCip([flag, '-confirm', GATE, COMMAND], { cwd });
  const readPid = () => readFile(join(cwd, 'pid'), 'utf8').catch(() => '');
  expect(await poll(30_000, async () => (await readPid()) !== '')).toBe(true);
  run.kill('SIGINT');
  expect((await run.ended).status).toBe(130);
  const pid = Number(await readPid());
  expect(await poll(10_000, async () => !isAlive(pid))).toBe(true); // killed, and soon reaped
  expect(writesOf(registry)).toEqual([]);
});

it('without a source of results, images of other registries than those of Google were not scanned', async () => {
  const { flag } = await world();
  const { status, report } = await runWithReport([flag, GATE]);
  expect(status).toBe(1);
  expect(report.findings[0]?.message).toMatch(/was not scanned: Container Analysis: it has no images of 127/);
});

it('.cip.yaml has the policy and the exceptions', async () => {
  const { registry } = await world();
  const manifest = `registries:
- {name: ${registry.host}/staging, src: true}
- {name: ${registry.host}/prod}
images:
- {name: bad, dmap: {"${BAD.manifest.digest}": [v1]}}
`;
  const settings = (expires: string) => `rules:
  vulnerabilities:
    level: error
    threshold: 4
    allow:
    - {vulnerability: CVE-2026-1, image: "*/staging/bad", reason: not reachable, expires: ${expires}}
`;
  const statusOf = async (expires: string, ...flags: readonly string[]) => {
    const cwd = await testdir({ ...RESULTS, 'm.yaml': manifest, '.cip.yaml': settings(expires) });
    return await runCip(['-manifest=m.yaml', ...flags], { cwd });
  };
  expect((await statusOf('2999-01-01', ...RESULT_FLAGS)).status).toBe(0);
  const expired = await statusOf('2020-01-01', ...RESULT_FLAGS);
  expect(expired.status).toBe(1);
  expect(expired.stderr).toContain('allowed until 2020-01-01');
  expect((await statusOf('2020-01-01', '-vuln-severity-threshold=-1')).status).toBe(0);
});

describe('is refused in words:', () => {
  it.each([
    [['-scan-results=a.json'], /no use for -scan-results: give -vuln-severity-threshold=SEVERITY/],
    [['-vuln-severity-threshold=-1', '-vex=a.json'], /no use for -vex/],
    [['-vuln-fixable-only=false'], /no use for -vuln-fixable-only/],
    [[GATE, '-scan-results=a', '-scan-command=b {ref}'], /two sources of results: give one/],
    [[GATE, '-scan-command=trivy image'], /no argument has \{ref\}/],
    [['-vuln-severity-threshold=6'], /is a number from 0 to 5, or unspecified, .*not "6"/],
    [['-rule=vulnerabilities=error'], /the rule vulnerabilities needs a threshold/],
    [[GATE, '-rule=vulnerabilities=off'], /is off, which contradicts -vuln-severity-threshold/],
  ])('%j', async (flags, message) => {
    const { registry, flag } = await world();
    const { status, stderr } = await runCip([flag, ...flags]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(registry.requests).toEqual([]);
  });
});

it('-parse-only scans nothing, and says so', async () => {
  const { flag } = await world();
  const { status, stderr } = await runCip([flag, '-parse-only', GATE]);
  expect(status).toBe(0);
  expect(stderr).toContain('-vuln-severity-threshold has no effect with -parse-only: nothing is scanned');
});

it('a report does not overwrite the results that it was made from', async () => {
  const { flag, cwd } = await world(RESULTS);
  const { status, stderr } = await runCip([flag, GATE, ...RESULT_FLAGS, '-report=bad.json'], { cwd });
  expect(status).toBe(2);
  expect(stderr).toContain('it is one of the input files');
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
