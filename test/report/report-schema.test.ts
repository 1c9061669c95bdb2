import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { VerificationReport } from '../../src/workflows/verify/parse-verification.ts';
import { PromotionReport } from '../../src/report/parse-report.ts';
import { renderJson } from '../../src/report/render-json.ts';
import { image } from '../builders/images.ts';
import { digest, from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { verifyManifests } from '../workflows/verify/verifying.ts';

const REPORT = z.union([PromotionReport, VerificationReport]);
const GOLDEN = readdirSync('fixtures/reports').filter((name) => name.endsWith('.json'));

describe('the schema of reports', () => {
  it('is the one in the documentation', async () => {
    const schema = z.toJSONSchema(REPORT, { unrepresentable: 'any' });
    await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot(
      '../../docs/report.schema.json',
    );
  });

  it.each(GOLDEN)('fits %s', (name) => {
    const report: unknown = JSON.parse(readFileSync(`fixtures/reports/${name}`, 'utf8'));
    expect(REPORT.safeParse(report)).toMatchObject({ success: true });
  });

  it('fits a verification, with repairs and without', async () => {
    const registry = new MemoryRegistry();
    const A = image({ seed: 'a' });
    registry.push('s.io/s/app', A, 'v1');
    registry.push('p.io/p/app', A, 'v1');
    registry.lose('p.io/p/app', A.blobs[0]?.digest ?? digest('a'));
    const wanted = from('s.io/s')
      .to('p.io/p', 'q.io/q')
      .promote({ app: { [A.manifest.digest]: ['v1'] } });
    for (const options of [
      {},
      { deep: true, repair: 'dry-run' },
      { deep: true, repair: 'confirmed' },
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- a repair changes what the next one finds
      const verification = await verifyManifests(registry, [wanted], { ...options, reportAll: true });
      const report: unknown = JSON.parse(Array.from(renderJson(verification)).join(''));
      expect(VerificationReport.safeParse(report)).toMatchObject({ success: true });
    }
  });

  it('fits reports of other versions of the program: of unknown fields, and without those of checks', () => {
    const text = readFileSync('fixtures/reports/dry-run.json', 'utf8');
    const { findings: _, ...old } = z.looseObject({ summary: z.looseObject({}) }).parse(JSON.parse(text));
    const { blocked: __, ...summary } = old.summary;
    const parsed = PromotionReport.parse({ ...old, summary, later: 1 });
    expect(parsed).toMatchObject({ findings: [], summary: { blocked: 0 }, later: 1 });
  });
});
