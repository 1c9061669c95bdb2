// Covers src/cli/telemetry/metrics-file.ts
// Covers src/cli/telemetry/metrics.ts
// Covers src/cli/telemetry/observe-run.ts
// Covers src/cli/telemetry/telemetry.ts

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/cli/telemetry/metrics.ts';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { type ParsedMetric, parseExposition, sumOf } from '../doubles/parse-exposition.ts';
import { runCip, runWithReport, startCip, temporaryDirectory } from '../doubles/run-cip.ts';
import { findTool, repositoryRoot, runTool } from '../doubles/tools.ts';
import { holdingProxy } from './holding-proxy.ts';
import { embedded, manifestFlag, writesOf } from './staging.ts';

const PROMTOOL = findTool('promtool');
if (PROMTOOL === undefined) console.warn('skipped: promtool is not installed (Debian: prometheus)');

describe('-metrics=FILE', () => {
  it('holds what the report of a promotion holds', async () => {
    const { flag, registry } = await world();
    const file = await metricsFile();
    const { status, report } = await runWithReport([flag, '-confirm', `-metrics=${file}`]);
    expect(status).toBe(0);
    const metrics = read(file);
    const { summary, hosts } = report;
    expect(sumOf(metrics, 'cip_edges', { decision: 'copy' })).toBe(summary.copy);
    expect(sumOf(metrics, 'cip_edges')).toBe(summary.edges);
    expect(sumOf(metrics, 'cip_edge_results_total', { result: 'copied' })).toBe(summary.copied);
    expect(sumOf(metrics, 'cip_run_info', { mode: 'promotion' })).toBe(1);
    expect(sumOf(metrics, 'cip_run_exit_code')).toBe(0);
    expect(metrics.get('cip_phase_duration_seconds')?.samples.has('phase="copy"')).toBe(true);
    const counts = hosts[registry.host];
    const { host } = registry;
    expect(sumOf(metrics, 'cip_requests_total', { host })).toBe(counts?.requests);
    expect(sumOf(metrics, 'cip_received_bytes_total', { host })).toBe(counts?.bytesIn);
    expect(sumOf(metrics, 'cip_sent_bytes_total', { host })).toBe(counts?.bytesOut);
  });

  it('is written by a dry run, -parse-only, verify and a snapshot too', async () => {
    const { flag, registry } = await world();
    const file = await metricsFile();
    const runs = [[flag], [flag, '-parse-only'], ['verify', flag], [`-snapshot=${registry.host}/staging`]];
    const modes = [];
    for (const args of runs) {
      await runCip([...args, `-metrics=${file}`]); // each replaces the one before
      modes.push(Array.from(read(file).get('cip_run_info')?.samples.keys() ?? []));
    }
    expect(modes).toEqual([['mode="dry-run"'], ['mode="parse-only"'], ['mode="verify"'], []]);
    expect(sumOf(read(file), 'cip_requests_total', { host: registry.host })).toBeGreaterThan(0);
  });

  it.each([
    ['a missing manifest', 2, async () => '-manifest=missing.yaml'],
    ['a lost image', 1, async () => (await world({ lost: true })).flag],
  ])('is written by a run that fails for %s', async (_, code, flagOf) => {
    const file = await metricsFile();
    const { status } = await runCip([await flagOf(), '-confirm', `-metrics=${file}`]);
    expect(status).toBe(code);
    expect(sumOf(read(file), 'cip_run_exit_code')).toBe(code);
  });

  it('is written by a run that is interrupted', async () => {
    const { flag, proxy } = await world();
    const file = await metricsFile();
    const held = proxy.hold(/^PUT .*\/manifests\/v1$/);
    const cip = startCip([flag, '-confirm', `-metrics=${file}`], { time: 'held' });
    await held.arrived;
    cip.kill('SIGTERM');
    await cip.says(/stopping: /);
    held.release();
    expect((await cip.ended).status).toBe(143);
    expect(sumOf(read(file), 'cip_run_exit_code')).toBe(143);
    expect(readdirSync(join(file, '..'))).toEqual(['cip.prom']);
  });

  it('does not replace a manifest or any other file, and says so before it writes anything', async () => {
    const { flag, registry } = await world();
    const manifest = flag.replace('-manifest=', '');
    const before = readFileSync(manifest, 'utf8');
    const { status, stderr } = await runCip([flag, '-confirm', `-metrics=${manifest}`]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        /cannot write the metrics ".*": the file exists and does not hold metrics/,
      ),
    });
    expect(readFileSync(manifest, 'utf8')).toBe(before);
    expect(writesOf(registry)).toEqual([]);
  });

  it('fails the run if it cannot be written at its end, after the report', async () => {
    const { flag } = await world();
    const file = await metricsFile();
    const { status, stderr, report } = await runWithReport([
      flag,
      `-metrics=${file}`,
      `-report-markdown=${file}`,
    ]);
    expect({ status, mode: report.mode }).toEqual({ status: 1, mode: 'dry-run' });
    expect(stderr).toMatch(/cannot write the metrics/);
    expect(readFileSync(file, 'utf8')).toMatch(/^## /);
  });

  it.skipIf(PROMTOOL === undefined)('is accepted by promtool', async () => {
    const { flag } = await world();
    const file = await metricsFile();
    await runCip([flag, '-confirm', `-metrics=${file}`]);
    const checked = await runTool('sh', ['-c', `"${PROMTOOL}" check metrics < "${file}"`]);
    expect(checked).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe('-metrics=HOST:PORT', () => {
  it('is served while the run lasts, with the plan once it is final, and ends with the run', async () => {
    const { flag, proxy } = await world();
    const held = proxy.hold(/^PUT .*\/manifests\/v1$/);
    const cip = startCip([flag, '-confirm', '-metrics=:0']);
    const url = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(await cip.says(/\/metrics/))?.[0] ?? '';
    await held.arrived;
    const metrics = parseExposition(await (await fetch(url)).text());
    expect(sumOf(metrics, 'cip_edges', { decision: 'copy' })).toBe(2);
    expect(sumOf(metrics, 'cip_requests_total')).toBeGreaterThan(0);
    expect(metrics.has('cip_run_exit_code')).toBe(false);
    held.release();
    expect((await cip.ended).status).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });

  it('refuses a port in use before anything is written, the report of an earlier run included', async () => {
    const { flag, registry } = await world();
    const directory = temporaryDirectory();
    const report = join(directory, 'report.json');
    await runCip([flag, `-report=${report}`]);
    const before = readFileSync(report, 'utf8');
    const { status, stderr } = await runCip([
      flag,
      '-confirm',
      `-report=${report}`,
      `-metrics=${registry.host}`,
    ]);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining(`cannot serve metrics at ${registry.host}: the port is in use`),
    });
    expect(readFileSync(report, 'utf8')).toBe(before);
    expect(writesOf(registry)).toEqual([]);
  });
});

it('docs/metrics.md has a row for each metric, and its alerts name existing ones', () => {
  const page = readFileSync(join(repositoryRoot(), 'docs/metrics.md'), 'utf8');
  const rows = METRICS.map(({ name, type, labels, help }) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${help.replace(/\.$/, '')} |`;
  });
  expect(page.split('\n').filter((line) => line.startsWith('| `cip_'))).toEqual(rows);
  const known = new Set(METRICS.map(({ name }) => name));
  const named = Array.from(page.matchAll(/\bcip_[a-z_]+/g), ([name]) => name);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

/** Two images of one registry, wanted behind a proxy of it. */
async function world({ lost = false } = {}) {
  const registry = await embedded();
  const proxy = await holdingProxy(registry.host);
  const images = Object.fromEntries(
    ['one', 'two'].map((name) => [
      name,
      { [push(registry, `staging/${name}`, image({ seed: name }))]: ['v1'] },
    ]),
  );
  const missing = lost ? { three: { [`sha256:${'a'.repeat(64)}`]: ['v1'] } } : {};
  const from = `${registry.host}/staging`;
  const flag = await manifestFlag({ from, to: [`${proxy.host}/prod`], images: { ...images, ...missing } });
  return { registry, proxy, flag };
}

async function metricsFile(): Promise<string> {
  return `${await testdir({})}/cip.prom`;
}

function read(file: string): ReadonlyMap<string, ParsedMetric> {
  return parseExposition(readFileSync(file, 'utf8'));
}
