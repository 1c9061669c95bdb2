// Covers src/cli/runtime/network-clients.ts
// Covers src/cli/runtime/run-counts.ts

import { describe, expect, it, onTestFinished } from 'vitest';
import { NO_PROGRESS } from '../../../src/cli/progress/meter.ts';
import { openRuntime, type Runtime, spoolDirectory } from '../../../src/cli/runtime/open-runtime.ts';
import { promote } from '../../../src/cli/commands/promote.ts';
import { parseCommandLine } from '../../../src/cli/flags/parse-command-line.ts';
import { registriesOf } from '../../../src/cli/runtime/bound-registries.ts';
import { Secrets } from '../../../src/base/secrets.ts';
import { readManifests } from '../../../src/manifest/read-manifests.ts';
import { promote as promoteManifests } from '../../../src/promote.ts';
import type { RunReport } from '../../../src/report/report.ts';
import { until } from '../../adapters/oci/client.ts';
import { image, push } from '../../builders/images.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { embedded, manifestFlag } from '../../system/staging.ts';

/** A registry with some images in `staging`, and the runtime of a process that promotes them. */
async function start() {
  const registry = await embedded();
  const tags = Array.from({ length: 5 }, (_, index) => `v${index}`);
  const digests = tags.map((tag) => push(registry, 'staging/app', image({ seed: tag }), tag));
  const flag = await manifestFlag({
    from: `${registry.host}/staging`,
    to: [`${registry.host}/prod`],
    images: { app: Object.fromEntries(digests.map((digest, index) => [digest, [tags[index] ?? '']])) },
  });
  const given = { ...parseCommandLine('cip', [flag, '-threads=1']), program: 'cip', env: {} } as const;
  const { options } = promote.parse(given);
  if (!('task' in options)) throw new Error('expected the options of a promotion');
  const clock = new FakeClock();
  const log = { write: () => {} };
  const open = () => {
    const runtime = openRuntime({ options, env: {}, log, secrets: new Secrets(), clock });
    onTestFinished(() => runtime.close());
    return runtime;
  };
  const { signal } = new AbortController();
  const read = await readManifests(options.where, signal);
  const run = async (runtime: Runtime, confirm: boolean): Promise<RunReport> => {
    const client = await runtime.openRegistries(registriesOf(read.manifests), { readOnly: !confirm });
    const request = { read, tool: 'test', confirm, reportAll: false, threads: options.threads };
    const progress = NO_PROGRESS;
    const spool = runtime.openSpool(options.spoolLimit);
    return await promoteManifests(request, { ...client, spool, clock, progress, stopping: signal, signal });
  };
  return { registry, clock, open, run };
}

/** Sockets of this process, both ends of each connection. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

describe('runs that follow each other in one runtime', () => {
  it('share connections, and each has its own identities and counts', async () => {
    const { registry, open, run } = await start();
    const runtime = open();
    const dry = await run(runtime, false);
    const { connections } = registry;
    const asked = registry.requests.length;
    const confirmed = await run(runtime, true);
    expect([dry.summary.copy, confirmed.summary.copied]).toEqual([5, 5]);
    expect(registry.connections).toBe(connections);
    const requests = [dry, confirmed].map(({ hosts }) => hosts[registry.host]?.requests);
    expect(requests).toEqual([asked, registry.requests.length - asked]);
  });

  it('share what was learned of a host: one that has throttled the first is still given time in the second', async () => {
    const { registry, clock, open, run } = await start();
    const [runtime, stranger] = [open(), open()];
    registry.addFault({ times: Number.POSITIVE_INFINITY, act: { kind: 'status', status: 429 } });
    const throttled = await run(runtime, false);
    expect(throttled.summary.unreadable).toBe(5);
    registry.clearFaults();
    const waitsOf = async (other: Runtime) => {
      clock.waits.splice(0);
      const { summary, hosts } = await run(other, false);
      expect(summary.copy).toBe(5);
      expect(hosts[registry.host]).toMatchObject({ throttled: 0 });
      return clock.waits.length;
    };
    expect(await waitsOf(runtime)).toBeGreaterThan(0);
    expect(await waitsOf(stranger)).toBe(0);
  });

  it('end with it: every connection is closed, and nothing can be opened', async () => {
    const { registry, open, run } = await start();
    const runtime = open();
    await run(runtime, false);
    const { connections } = registry;
    expect(openSockets()).toBeGreaterThan(0);
    await Promise.all([runtime.close(), runtime.close()]);
    await until(() => openSockets() === 0);
    await expect(run(runtime, false)).rejects.toThrow('the runtime is closed');
    expect(registry.connections).toBe(connections);
  });
});

describe('the directory of large temporary files', () => {
  it('is TMPDIR', () => {
    expect(spoolDirectory({ TMPDIR: '/big' })).toBe('/big');
  });

  it('is the usual one where TMPDIR is empty, as where it is not set', () => {
    expect(spoolDirectory({ TMPDIR: '' })).toBe(spoolDirectory({}));
    expect(spoolDirectory({})).toMatch(/tmp$/i);
  });
});
