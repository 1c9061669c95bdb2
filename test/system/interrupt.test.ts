// Covers src/cli/runtime/stop-signals.ts

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { multiArch, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport, startWithReport } from '../doubles/run-cip.ts';
import { poll } from '../doubles/waiting.ts';
import { holdingProxy } from './holding-proxy.ts';
import { embedded, manifestFlag, writesOf } from './staging.ts';
import { expectNothingHalfVisible } from './wholeness.ts';

const STOPPING = /stopping: /;
/** A run whose time limits do not pass ends at once, or never. */
const HELD = { time: 'held' } as const;
/** At a time, so that a request which is held holds all. */
const ONE_REQUEST = '-threads=1';

/** More repositories than are worked on at a time, so that a run can be stopped before all of them are begun. */
const IMAGES = 40;

describe('a promotion that is told to stop', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s finishes what is in flight, begins nothing new and ends with %i',
    async (signal, status) => {
      const { production, proxy, flag } = await world();
      const held = proxy.hold(/^PUT .*\/manifests\/v1$/); // the last request of an image
      const cip = startWithReport([flag, '-confirm', ONE_REQUEST], HELD);
      await held.arrived;
      cip.kill(signal);
      await cip.says(STOPPING);
      held.release();
      const run = await cip.ended;

      expect(run.status).toBe(status);
      expect(run.report).toMatchObject({
        stopped: true,
        mode: 'promotion',
        summary: { edges: IMAGES, failed: 0 },
      });
      const { copied = 0, 'not-attempted': left = 0 } = run.report?.summary ?? {};
      expect(copied).toBeGreaterThan(0);
      expect(left).toBeGreaterThan(0);
      expect(copied + left).toBe(IMAGES);
      expect(run.report?.items.filter(({ outcome }) => outcome === 'not-attempted').length).toBe(left);
      expect(tagsOf(production)).toBe(copied);
      expectNothingHalfVisible(production);

      const next = await runWithReport([flag, '-confirm']);
      expect({ status: next.status, summary: next.report.summary }).toMatchObject({
        status: 0,
        summary: { present: copied, copied: left },
      });
      expectNothingHalfVisible(production);
    },
  );

  it('abandons what is not finished in time, and the next run repairs it', async () => {
    const { production, proxy, flag } = await world();
    const held = proxy.hold(/^PUT .*\/manifests\/v1$/); // and never lets it go
    const cip = startWithReport([flag, '-confirm', ONE_REQUEST], HELD);
    await held.arrived;
    cip.kill('SIGTERM');
    await cip.says(STOPPING);
    cip.passTime();
    const run = await cip.ended;

    expect(run.status).toBe(143);
    expect(run.report).toMatchObject({ stopped: true, summary: { edges: IMAGES, copied: 0 } });
    // the image of the request that is held, and any other whose manifests are written
    const { failed = 0, 'not-attempted': left = 0 } = run.report?.summary ?? {};
    expect(failed).toBeGreaterThan(0);
    expect(failed + left).toBe(IMAGES);
    const failures = run.report?.items.filter(({ outcome }) => outcome === 'failed') ?? [];
    expect(new Set(failures.map(({ reason }) => reason))).toEqual(
      new Set(['abandoned: the run was stopped']),
    );
    expectNothingHalfVisible(production);
    const next = await runWithReport([flag, '-confirm']);
    expect({ status: next.status, tags: tagsOf(production) }).toEqual({ status: 0, tags: IMAGES });
  });

  it('twice ends at once', async () => {
    const { production, proxy, flag } = await world();
    const held = proxy.hold(/^PUT .*\/blobs\/uploads\//);
    const cip = startWithReport([flag, '-confirm', ONE_REQUEST], HELD);
    await held.arrived;
    cip.kill('SIGINT');
    await cip.says(STOPPING);
    cip.kill('SIGINT');
    const run = await cip.ended;

    expect(run.status).toBe(130);
    expect(run.report).toMatchObject({ stopped: true, summary: { edges: IMAGES, copy: IMAGES, copied: 0 } });
    const reasons = new Set(run.report?.items.map(({ reason }) => reason));
    expect(Array.from(reasons).toSorted()).toEqual([
      expect.stringMatching(/^the run was stopped before it was its turn$/),
      expect.stringMatching(/^the run was stopped before its manifest was written: /),
    ]);
    expect(tagsOf(production)).toBe(0);
    expectNothingHalfVisible(production);
  });
});

describe('a run that is told to stop before it promotes', () => {
  it.each([[['-confirm']], [[]]])('leaves the inventory where it is: %j', async (flags) => {
    const { production, proxy, flag } = await world();
    const held = proxy.hold(/^HEAD /);
    const cip = startWithReport([flag, ...flags], HELD);
    await held.arrived;
    cip.kill('SIGINT');
    const run = await cip.ended;
    expect(run.status).toBe(130);
    expect(run.report).toMatchObject({
      stopped: true,
      summary: { edges: IMAGES, unreadable: 0, 'not-attempted': IMAGES, copied: 0 },
    });
    expect(run.report?.items.length).toBe(IMAGES);
    for (const item of run.report?.items ?? []) {
      expect(item).toMatchObject({
        decision: 'not-attempted',
        outcome: 'not-attempted',
        reason: 'the run was stopped before the destination was read',
      });
    }
    expect(run.stderr.match(/^ERROR.*not attempted.*$/gm)).toEqual([
      expect.stringMatching(
        new RegExp(
          `not attempted at \\S+: ${IMAGES} edges: the run was stopped before the destination was read$`,
        ),
      ),
    ]);
    expect(writesOf(production)).toEqual([]);
  });

  it('has not waited for a manifest that never comes: a named pipe is refused', async () => {
    const directory = await testdir({});
    await promisify(execFile)('mkfifo', [`${directory}/m.yaml`]);
    const run = await runCip([`-manifest=${directory}/m.yaml`, '-confirm']);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('it is a named pipe, expected a file');
  });
});

describe('a run that waits for what never comes, and is told to stop', () => {
  async function pipe(): Promise<string> {
    const path = `${await testdir({})}/pipe`;
    await promisify(execFile)('mkfifo', [path]);
    return path;
  }

  it('ends though its credentials are a pipe that nobody writes to', async () => {
    const registry = await embedded({ auth: { kind: 'basic', users: { alice: 'pw' } } });
    const images = { app: { [multiArch('app', { platforms: 1 }).manifest.digest]: ['v1'] } };
    const flag = await manifestFlag({ from: `${registry.host}/from`, to: [`${registry.host}/to`], images });
    const cip = startWithReport([flag], { ...HELD, env: { REGISTRY_AUTH_FILE: await pipe() } });
    const isAsked = () => Promise.resolve(registry.requests.length > 0); // from now on it wants them
    expect(await poll(60_000, isAsked)).toBe(true);
    cip.kill('SIGINT');
    const run = await cip.ended;
    expect(run.status).toBe(130);
    expect(run.report).toMatchObject({ stopped: true });
  });

  it('twice ends whatever it waits for', async () => {
    const { flag } = await world();
    const cip = startWithReport([flag, '-log-format=legacy', `-key-files=${await pipe()}`], HELD);
    await cip.says(/manifests read/);
    cip.kill('SIGTERM');
    await cip.says(STOPPING);
    cip.kill('SIGTERM');
    cip.passTime();
    expect((await cip.ended).status).toBe(null); // by the signal itself
  });
});

/** Images in a staging registry, wanted at a production registry that takes everything and sits behind a proxy. */
async function world() {
  const staging = await embedded();
  const production = await embedded({ validation: 'sparse' });
  const proxy = await holdingProxy(production.host);
  const images = Object.fromEntries(
    Array.from({ length: IMAGES }, (_, number) => {
      const digest = push(staging, `staging/app-${number}`, multiArch(`app ${number}`, { platforms: 2 }));
      return [`app-${number}`, { [digest]: ['v1'] }];
    }),
  );
  const flag = await manifestFlag({ from: `${staging.host}/staging`, to: [`${proxy.host}/prod`], images });
  return { production, proxy, flag };
}

function tagsOf({ store }: EmbeddedRegistry): number {
  return store.repositories().reduce((sum, repository) => sum + store.tags(repository).length, 0);
}
