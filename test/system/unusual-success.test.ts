import { describe, expect, it } from 'vitest';
import type { FaultAct } from '../../src/embedded-registry/embedded-registry.ts';
import { image, index, PLATFORMS, push } from '../builders/images.ts';
import { runWithReport } from '../doubles/run-cip.ts';
import { countKinds, embedded, manifestFlag } from './staging.ts';
import { expectNothingHalfVisible } from './wholeness.ts';

const CONTENT = index({
  children: PLATFORMS.slice(0, 2).map((platform, number) =>
    image({ seed: `unusual ${number}`, ...platform }),
  ),
});
const WITHOUT_DIGEST = { 'Docker-Content-Digest': undefined };

describe('a registry that answers writes with another success than 201', () => {
  it.each([200, 202, 204])(
    '%i: an index is promoted, and each manifest is settled by one HEAD',
    async (status) => {
      const act: FaultAct = { kind: 'headers', status, headers: WITHOUT_DIGEST };
      const source = await embedded();
      const destination = await embedded({
        faults: [
          { kind: 'manifest-put', act, times: Infinity },
          { kind: 'upload-put', act, times: Infinity },
        ],
      });
      const digest = push(source, 'staging/app', CONTENT);
      const flag = await manifestFlag({
        from: `${source.host}/staging`,
        to: [`${destination.host}/prod`],
        images: { app: { [digest]: ['v1'] } },
      });
      const { status: code, stderr, report } = await runWithReport([flag, '-confirm']);
      expect(code, stderr).toBe(0);
      expect(report.summary).toMatchObject({ copied: 1, failed: 0 });
      expect(report.hosts[destination.host]?.retries).toBe(0);
      expectNothingHalfVisible(destination);
      expect(countKinds(destination)['manifest-put']).toBe(3);
    },
  );
});
