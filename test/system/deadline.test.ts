import { expect, it } from 'vitest';
import { image, push } from '../builders/images.ts';
import { startCip, startWithReport } from '../doubles/run-cip.ts';
import { holdingProxy } from './holding-proxy.ts';
import { embedded, manifestFlag, writesOf } from './staging.ts';

const PASSED = /stopping at the deadline: /;

/** An image that is wanted at a registry which sits behind a proxy. */
async function world() {
  const staging = await embedded();
  const production = await embedded();
  const proxy = await holdingProxy(production.host);
  const names = ['a', 'b', 'c'];
  const images = names.map((name) => {
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
  const cip = startWithReport([flag, '-confirm', '-threads=1', '-deadline=5s']);
  await held.arrived;
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
  proxy.hold(/^HEAD /); // and never lets it go
  const { status, report } = await startWithReport([flag, '-deadline=1s']).ended;
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
  const { status, report } = await startWithReport([flag, '-deadline=2s', ...flags]).ended;
  expect(status).toBe(1);
  const reasons = report?.items.map(({ reason }) => reason) ?? [];
  expect(reasons).toHaveLength(3);
  for (const reason of reasons) {
    expect(reason).toContain('the run was stopped before there was an answer; the last attempt had failed: ');
    expect(reason).toContain(`HEAD http://${proxy.host}/v2/prod/`);
  }
});

it('a verification tells that too, and has nothing to be finished', async () => {
  const { production, flag } = await world();
  production.addFault({ method: 'HEAD', act: { kind: 'status', status: 503 }, times: Infinity });
  const { status, stderr } = await startCip(['verify', flag, '-deadline=2s']).ended;
  expect(status).toBe(1);
  expect(stderr).toMatch(/unreadable: .*the last attempt had failed: HEAD .*503/);
  expect(stderr).toMatch(/stopping at the deadline: nothing new is begun$/m);
});

it('a run that is faster than its deadline knows nothing of it', async () => {
  const { flag } = await world();
  const { status, stderr, report } = await startWithReport([flag, '-confirm', '-deadline=1h']).ended;
  expect({ status, stopped: report?.stopped }).toEqual({ status: 0, stopped: false });
  expect(stderr).not.toMatch(PASSED);
});
