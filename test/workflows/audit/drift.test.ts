// A day of drift: random writes to production by a script that knows the truth. The audit at the end of the day and the
// service, which judges each change as it happens, find each wrong one, and nothing else.

import { setMaxListeners } from 'node:events';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatPayload } from '../../../src/auditor/events/registry-event.ts';
import { startEmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import { clientForTest } from '../../adapters/oci/client.ts';
import { judgement, verdictOn } from '../../auditor/judging.ts';
import { runs } from '../../builders/property-runs.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { auditManifests, findingsOf } from './auditing.ts';
import { day, Drift, type Write } from './day-of-drift.ts';

async function watch(writes: readonly Write[], listing: 'google' | 'oci') {
  const embedded = await startEmbeddedRegistry({ listing });
  try {
    const memory = new MemoryRegistry();
    const drift = new Drift({ embedded, memory, showsUntagged: listing === 'google' });
    const service = judgement([drift.manifest], memory);
    const [verdicts, expected]: [string[], string[]] = [[], []];
    for (const write of writes) {
      for (const { event, isAllowed } of drift.apply(write)) {
        const change = `${write.what}: ${formatPayload(event)}`;
        expected.push(`${change}: ${isAllowed ? 'verified' : 'rejected'}`);
        verdicts.push(`${change}: ${(await verdictOn(event, service)).kind}`);
      }
    }
    const report = await auditManifests([drift.manifest], { registry: clientForTest().registry });
    return { verdicts, expected, found: findingsOf(report).toSorted(), truth: drift.truth };
  } finally {
    await embedded.close();
  }
}

beforeAll(() => setMaxListeners(Number.POSITIVE_INFINITY)); // as the program does: every request listens to its signals

describe.each(['google', 'oci'] as const)(
  'a day of drift in a registry with the listing of %s',
  (listing) => {
    it('is found by the audit and the service write by write, and nothing else is', {
      timeout: 120_000,
    }, async () => {
      await fc.assert(
        fc.asyncProperty(day, async (writes) => {
          const { verdicts, expected, found, truth } = await watch(writes, listing);
          expect(verdicts).toEqual(expected);
          expect(found).toEqual(truth);
        }),
        runs({ seed: 20_261_128, numRuns: 40 }),
      );
    });
  },
);
