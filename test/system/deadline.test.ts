import { expect, it } from 'vitest';
import { image, push } from '../builders/images.ts';
import { startCip, startWithReport } from '../doubles/run-cip.ts';
import { type HoldingProxy, holdingProxy } from './holding-proxy.ts';
import { embedded, manifestFlag, writesOf } from './staging.ts';

const PASSED = /stopping at the deadline: /;
/** A deadline that passes when the test says so. */
const HELD = { time: 'held' } as const;
const DEADLINE = '-deadline=1h';

const NAMES = ['a', 'b', 'c'];

/** Images that are wanted at a registry which sits behind a proxy. */
async function world() {
  const staging = await embedded();
  const production = await embedded();
  const proxy = await holdingProxy(production.host);
  const images = NAMES.map((name) => {
    return [name, { [push(staging, `staging/${name}`, image({ seed: name }))]: ['v1'] }] as const;
  });
  const flag = await manifestFlag({
    from: `${staging.host}/staging`,
    to: [`${proxy.host}/prod`],
    images: Object.fromEntries(images),
  });
  return { production, proxy, flag };
}

it('at its deadline a run finishes what is in flight, begins nothing new, and ends with 1', async () => {
  const { production, proxy, flag } = await world();
  const held = proxy.hold(/^PUT .*\/manifests\/v1$/); // the last request of an image
  const cip = startWithReport([flag, '-confirm', '-threads=1', DEADLINE], HELD);
  await held.arrived;
  cip.passTime();
  await cip.says(PASSED);
  held.release();
  const { status, report } = await cip.ended;
  expect(status).toBe(1);
  expect(report).toMatchObject({ stopped: true, summary: { edges: 3, failed: 0 } });
  const { copied = 0, 'not-attempted': left = 0 } = report?.summary ?? {};
  expect(copied + left).toBe(3);
  expect(
    production.store.repositories().filter((name) => production.store.tags(name).length > 0),
  ).toHaveLength(copied);
});

it('a dry run that has found nothing out by its deadline does not end well', async () => {
  const { production, proxy, flag } = await world();
  const held = proxy.hold(/^HEAD /); // and never lets it go
  const cip = startWithReport([flag, DEADLINE], HELD);
  await held.arrived;
  cip.passTime();
  const { status, report } = await cip.ended;
  expect(status).toBe(1);
  expect(report).toMatchObject({ stopped: true });
  expect(writesOf(production)).toEqual([]);
});

it.each([
  ['a promotion', ['-confirm']],
  ['a dry run', []],
])('%s tells what its deadline has cut short, by what went wrong until then', async (_what, flags) => {
  const { production, proxy, flag } = await world();
  production.addFault({ method: 'HEAD', act: { kind: 'status', status: 503 }, times: Infinity });
  const retried = retriedBehind(proxy);
  const cip = startWithReport([flag, DEADLINE, ...flags], HELD);
  await retried;
  cip.passTime();
  const { status, report } = await cip.ended;
  expect(status).toBe(1);
  const reasons = report?.items.map(({ reason }) => reason) ?? [];
  expect(reasons).toHaveLength(3);
  for (const reason of reasons) {
    expect(reason).toContain('the run was stopped before there was an answer; the last attempt had failed: ');
    expect(reason).toContain(`HEAD http://${proxy.host}/v2/prod/`);
  }
});

it('a verification tells that too, and has nothing to be finished', async () => {
  const { production, proxy, flag } = await world();
  production.addFault({ method: 'HEAD', act: { kind: 'status', status: 503 }, times: Infinity });
  const retried = retriedBehind(proxy);
  const cip = startCip(['verify', flag, DEADLINE], HELD);
  await retried;
  cip.passTime();
  const { status, stderr } = await cip.ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^ERROR +server error at \S+, 3 edges of prod\/a, prod\/b, prod\/c: status 503; run again later/m,
  );
  expect(stderr).toMatch(/stopping at the deadline: no new work is started$/m);
});

it('a run that is faster than its deadline knows nothing of it', async () => {
  const { flag } = await world();
  const { status, stderr, report } = await startWithReport([flag, '-confirm', '-deadline=1h']).ended;
  expect({ status, stopped: report?.stopped }).toEqual({ status: 0, stopped: false });
  expect(stderr).not.toMatch(PASSED);
});

/** Resolves when each image has been queried for the second time: the second request is held for good. */
async function retriedBehind(proxy: HoldingProxy): Promise<void> {
  const second = NAMES.map((name) => {
    let seen = 0;
    return proxy.hold((line) => line.startsWith(`HEAD /v2/prod/${name}/`) && ++seen === 2);
  });
  await Promise.all(second.map(({ arrived }) => arrived));
}
