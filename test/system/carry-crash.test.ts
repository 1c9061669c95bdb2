import { describe, expect, it } from 'vitest';
import { cosignTagOf, referrersTagOf } from '../../src/image/attachment-tags.ts';
import { attach, bundle, pushCosign } from '../builders/attachments.ts';
import { artifact, image, push } from '../builders/images.ts';
import { runWithReport, startWithReport } from '../doubles/run-cip.ts';
import { type HoldingProxy, holdingProxy, type Moment } from './holding-proxy.ts';
import { embedded, manifestFlag } from './staging.ts';
import { forEachPoint } from './stopped-runs.ts';
import { expectNothingHalfVisible } from './wholeness.ts';

/** Milliseconds for all of them, on a machine that is busy: a limit, not a measure. */
const TIMEOUT = 1_200_000;
const APP = image({ seed: 'signed', layers: 1 });
const DIGEST = APP.manifest.digest;
const BUNDLE = bundle('of the image', APP);
const OF_BUNDLE = bundle('of the bundle', BUNDLE);
const SIGNATURE = artifact('signature');
const WRITE = /^(?!GET|HEAD)/;

describe('a promotion that is killed while it carries attachments', () => {
  it.each<[string, { referrers: boolean; moment: Moment; counts: RegExp }]>([
    ['every request, without the referrers API', { referrers: false, moment: 'received', counts: /^/ }],
    ['every write, without the referrers API', { referrers: false, moment: 'answered', counts: WRITE }],
    ['every write, with the referrers API', { referrers: true, moment: 'answered', counts: WRITE }],
  ])(
    'shows no tag without its signatures, and the next run completes it: at %s',
    {
      timeout: TIMEOUT,
    },
    async (_name, { referrers, moment, counts }) => {
      const whole = await world(referrers);
      expect((await runWithReport([whole.flag, '-confirm'])).status).toBe(0);
      const points = whole.lines().filter((line) => line.search(counts) !== -1).length;
      expect(points).toBeGreaterThan(15);
      await forEachPoint(points, 1, async (number) => {
        const one = await world(referrers);
        let seen = 0;
        const isIt = (line: string) => line.search(counts) !== -1 && ++seen === number;
        const holds = one.proxies.map((proxy) => proxy.hold(isIt, moment));
        const cip = startWithReport([one.flag, '-confirm'], { time: 'held' });
        await Promise.race([...holds.map(({ arrived }) => arrived), cip.ended]);
        cip.kill('SIGKILL');
        await cip.ended;
        await Promise.all(one.proxies.map((proxy) => proxy.quiet()));
        const isVisible = one.production.store.resolveTag('prod/app', 'v1') !== undefined;
        if (isVisible) expectComplete(one, `visible after a kill at ${number}`);
        expectNothingHalfVisible(one.production);

        const { status, stderr } = await runWithReport([one.flag, '-confirm']);
        expect(status, `after a kill at ${number}: ${stderr}`).toBe(0);
        expect(one.production.store.resolveTag('prod/app', 'v1')).toBe(DIGEST);
        expectComplete(one, `after a kill at ${number}`);
      });
    },
  );
});

interface World {
  readonly production: Awaited<ReturnType<typeof embedded>>;
  readonly proxies: readonly HoldingProxy[];
  readonly flag: string;
  readonly referrers: boolean;
  readonly lines: () => readonly string[];
}

/** A signed image; its signature is signed too. */
async function world(referrers: boolean): Promise<World> {
  const [staging, production] = [await embedded({ referrers }), await embedded({ referrers })];
  const proxies = await Promise.all([holdingProxy(staging.host), holdingProxy(production.host)]);
  const [from, to] = proxies;
  push(staging, 'staging/app', APP);
  attach(staging, 'staging/app', APP, BUNDLE);
  attach(staging, 'staging/app', BUNDLE, OF_BUNDLE);
  pushCosign(staging, 'staging/app', { subject: APP, suffix: 'sig', content: SIGNATURE });
  const flag = await manifestFlag({
    from: `${from?.host}/staging`,
    to: [`${to?.host}/prod`],
    images: { app: { [DIGEST]: ['v1'] } },
  });
  const lines = () =>
    [...staging.requests, ...production.requests].map(({ method, path }) => `${method} ${path}`);
  return { production, proxies, flag, referrers, lines };
}

function expectComplete({ production: { store }, referrers }: World, at: string): void {
  expect(store.resolveTag('prod/app', cosignTagOf(DIGEST, 'sig')), at).toBe(SIGNATURE.manifest.digest);
  for (const [subject, referrer] of [
    [APP, BUNDLE],
    [BUNDLE, OF_BUNDLE],
  ] as const) {
    const { digest } = referrer.manifest;
    expect(store.manifest('prod/app', digest), at).toBeDefined();
    if (referrers) continue;
    const index = store.manifest('prod/app', referrersTagOf(subject.manifest.digest));
    expect(Buffer.from(index?.bytes ?? '').toString(), at).toContain(digest);
  }
}
