// Covers src/report/schema-parts.ts
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { renderJson } from '../../src/report/render-json.ts';
import { Audit, PromotionReport, SignatureCheck, Verification } from '../../src/report/report-schema.ts';
import { image } from '../builders/images.ts';
import { digest, from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { verifyManifests } from '../workflows/verify/verifying.ts';

const PUBLISHED = 'docs/report.schema.json';
const GOLDEN = readdirSync('fixtures/reports').filter((name) => name.endsWith('.json'));

const isReport = new Ajv2020({
  formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) },
}).compile(z.record(z.string(), z.unknown()).parse(parsed(PUBLISHED)));

/** The first violations of the published schema; none for a report. */
function violationsOf(report: unknown): readonly unknown[] {
  return isReport(report) ? [] : (isReport.errors ?? ['unknown']);
}

function parsed(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

describe('the published JSON schema of reports', () => {
  it('is generated from the schemas that the program reads reports with', async () => {
    const schema = z.toJSONSchema(z.union([PromotionReport, Verification, Audit, SignatureCheck]), {
      unrepresentable: 'any',
    });
    await expect(`${JSON.stringify(schema, undefined, 2)}\n`).toMatchFileSnapshot(`../../${PUBLISHED}`);
  });

  it.each(GOLDEN)('accepts %s', (name) => {
    expect(violationsOf(parsed(`fixtures/reports/${name}`))).toEqual([]);
  });

  it.each(GOLDEN)('refuses %s with a field missing or malformed, in the head or in an item', (name) => {
    const report = z
      .looseObject({ items: z.array(z.looseObject({})) })
      .parse(parsed(`fixtures/reports/${name}`));
    const [item] = report.items;
    for (const field of Object.keys(report)) {
      expect(violationsOf({ ...report, [field]: undefined }), field).not.toEqual([]);
      expect(violationsOf({ ...report, [field]: -1 }), field).not.toEqual([]);
    }
    for (const field of Object.keys(item ?? {})) {
      expect(violationsOf({ ...report, items: [{ ...item, [field]: -1 }] }), field).not.toEqual([]);
    }
  });

  it('accepts a verification with repairs and without', async () => {
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
      // oxlint-disable-next-line no-await-in-loop -- a repair changes the state for the next run
      const verification = await verifyManifests(registry, [wanted], { ...options, reportAll: true });
      expect(violationsOf(JSON.parse(Array.from(renderJson(verification)).join('')))).toEqual([]);
    }
  });

  it('accepts unknown fields, and the program reads reports from before there were checks', () => {
    const { findings: _, ...old } = z
      .looseObject({ summary: z.looseObject({}) })
      .parse(parsed('fixtures/reports/dry-run.json'));
    const { blocked: __, ...summary } = old.summary;
    expect(violationsOf({ ...old, findings: [], later: 1 })).toEqual([]);
    const read = PromotionReport.parse({ ...old, summary, later: 1 });
    expect(read).toMatchObject({ findings: [], summary: { blocked: 0 }, later: 1 });
  });
});
