import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePlan } from '../../../src/plan/plan-codec.ts';
import { edgeId, type PlanItem } from '../../../src/plan/plan.ts';
import type { RecordedPlan } from '../../../src/plan/recorded-plan.ts';
import { PageModel } from '../../../src/report/html/browser/page-model.ts';
import { makePlanPage } from '../../../src/report/html/plan-page.ts';
import { makePlanView } from '../../../src/report/plan/plan-view.ts';
import { digest, repository, tag } from '../../builders/manifests.ts';
import { encoded, plans, planWith } from '../../builders/plans.ts';
import { runs } from '../../builders/property-runs.ts';

function pageOf(plan: RecordedPlan) {
  const file = decodePlan(Buffer.from(encoded(plan)));
  return makePlanPage(file.plan, makePlanView(file, { kind: 'unsigned' }));
}

describe('the page of a plan', () => {
  it('has every edge that is not present, with its decision', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const { matrix } = pageOf(plan);
        const model = new PageModel(matrix);
        const shown = matrix.rows.flatMap((row, index) =>
          model.edgesOf(index).map(({ registry, result }) => {
            const name = model.fullName(registry, model.nameOf(index));
            return `${name} ${matrix.digests[row[2]]} ${matrix.results[result]?.name}`;
          }),
        );
        const wanted = plan.items
          .filter(({ decision }) => decision !== 'present')
          .map((item) => `${edgeId(item)} ${item.digest} ${item.decision}`);
        expect(shown.toSorted()).toEqual(wanted.toSorted());
      }),
      runs({ seed: 160, numRuns: 200 }),
    );
  });

  it('says why an edge is refused and where it is wanted, and has findings and malformed entries', () => {
    const places = [1, 2].map((line) => ({ file: 'images/app/images.yaml', line, column: 2 }));
    const moved: PlanItem = {
      decision: 'tag-move',
      destination: repository('p.io/p/app'),
      tag: tag('v1'),
      digest: digest('a'),
      sources: [repository('s.io/s/app')],
      found: digest('b'),
      at: places,
    };
    const at = { file: 'm.yaml', line: 9, column: 1 };
    const page = pageOf(
      planWith([moved], {
        findings: [{ rule: 'source-tag', level: 'warn', message: 'odd tag', at, edges: [] }],
        malformed: [{ rule: 'digest', message: 'no digest', at }],
      }),
    );
    const { matrix, tables } = page;
    expect(page).toMatchObject({
      title: 'Promotion plan',
      isGood: false,
      note: '5 edges already present are not listed.',
    });
    expect(matrix.reasons).toEqual([[`the tag is ${digest('b')}, not moved`, -1]]);
    expect(matrix.files).toEqual([['images/app/images.yaml', 0]]);
    expect(matrix.projects).toEqual(['app']);
    expect(matrix.rows[0]?.[4]).toBe('1:2, images/app/images.yaml:2:2');
    expect(tables.map(({ title, rows }) => [title, rows.length])).toEqual([
      ['Malformed entries', 1],
      ['Findings of checks', 1],
      ['Edges', 2],
    ]);
  });
});
