// Covers src/report/plan/plan-summary.ts
// Covers src/report/plan/plan-tables.ts
// Covers src/report/plan/render-plan-text.ts
// Covers src/report/plan/render-plan-markdown.ts
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePlan } from '../../../src/plan/plan-codec.ts';
import { edgeId, isWritable, type PlanItem } from '../../../src/plan/plan.ts';
import type { RecordedPlan } from '../../../src/plan/recorded-plan.ts';
import { makePlanView, type PlanView } from '../../../src/report/plan/plan-view.ts';
import { renderPlanMarkdown } from '../../../src/report/plan/render-plan-markdown.ts';
import { renderPlanText } from '../../../src/report/plan/render-plan-text.ts';
import { planFileOf } from '../../builders/applying.ts';
import { digest, repository, tag } from '../../builders/manifests.ts';
import { copyTo, encoded, plans, planWith } from '../../builders/plans.ts';
import { runs } from '../../builders/property-runs.ts';
import { build, universe } from '../../copy/universe.ts';

const viewOf = (plan: RecordedPlan) =>
  makePlanView(decodePlan(Buffer.from(encoded(plan))), { kind: 'unsigned' });
const textOf = (view: PlanView) => Array.from(renderPlanText(view)).join('');

/** The edges that the text names as written, with their digests, as a reader finds them. */
function writesIn(text: string): string[] {
  const [, written = ''] = /\nto be written:\n((?: {2}.*\n)*)/.exec(text) ?? [];
  const lists = new Map(
    Array.from(text.matchAll(/\nregistries (\[\d+\]):\n((?: {2}.*\n)*)/g), ([, list = '', names = '']) => [
      list,
      names
        .split('\n')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ]),
  );
  let repositories: string[] = [];
  return written.split('\n').flatMap((line) => {
    const [, image, only, list = ''] = /^ {2}(\S+) -> (?:(\S+)|\d+ registries (\[\d+\]))$/.exec(line) ?? [];
    if (image !== undefined) {
      repositories = (only === undefined ? (lists.get(list) ?? []) : [only]).map(
        (name) => `${name}/${image}`,
      );
    }
    const [, tagged, sha] = /^ {4}\S+ (\S+|\(no tag\)) (sha256:\w+)/.exec(line) ?? [];
    if (sha === undefined) return [];
    return repositories.map((name) => `${name}${tagged === '(no tag)' ? `@${sha}` : `:${tagged}`} ${sha}`);
  });
}

function edgesOf(items: readonly PlanItem[]): string[] {
  return items.filter(isWritable).map((item) => `${edgeId(item)} ${item.digest}`);
}

describe('the view of a plan', () => {
  it('names every write that it makes, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(universe, async (given) => {
        const { registry, manifests } = build(given);
        const file = await planFileOf(registry, manifests);
        const text = textOf(makePlanView(file, { kind: 'unsigned' }));
        expect(writesIn(text).toSorted()).toEqual(edgesOf(file.plan.items).toSorted());
      }),
      runs({ seed: 144, numRuns: 150 }),
    );
  });

  it('names them whatever stands in the plan', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        expect(writesIn(textOf(viewOf(plan))).toSorted()).toEqual(edgesOf(plan.items).toSorted());
      }),
      runs({ seed: 145, numRuns: 300 }),
    );
  });

  it('has a line for each tag of an image, and each list of registries once', () => {
    const to = (image: string) => ['asia.io/prod', 'eu.io/prod'].map((registry) => `${registry}/${image}`);
    const items = [...to('a/app'), ...to('a/tool')].flatMap((name) => [
      copyTo(name, 'v1'),
      copyTo(name, 'v2'),
    ]);
    const from = (item: PlanItem) => ({
      ...item,
      sources: [repository(`s.io/staging/${item.destination.split('/').slice(-2).join('/')}`)],
    });
    const sha = digest('a');
    expect(textOf(viewOf(planWith(items.map(from)))).replace(/^plan .*$/m, 'plan')).toBe(
      [
        '8 of 13 edges are to be written (8 copy, 0 add-tag; digests: 2), 5 are present',
        '',
        'plan',
        'made       2026-11-28T05:00:00.000Z by cip 4.0.0',
        `manifests  ${digest('f')}`,
        'signature  none',
        '',
        'to be written:',
        '  a/app -> 2 registries [1]',
        `    copy v1 ${sha} from s.io/staging/a/app (images/app/images.yaml:3:5)`,
        `    copy v2 ${sha} from s.io/staging/a/app (images/app/images.yaml:3:5)`,
        '  a/tool -> 2 registries [1]',
        `    copy v1 ${sha} from s.io/staging/a/tool (images/app/images.yaml:3:5)`,
        `    copy v2 ${sha} from s.io/staging/a/tool (images/app/images.yaml:3:5)`,
        '',
        'registries [1]:',
        '  asia.io/prod',
        '  eu.io/prod',
        '',
      ].join('\n'),
    );
  });

  it('says why an edge is not written, and what checks have found', () => {
    const moved: PlanItem = {
      decision: 'tag-move',
      destination: repository('p.io/p/app'),
      tag: tag('v1'),
      digest: digest('a'),
      sources: [repository('s.io/s/app')],
      found: digest('b'),
      at: [{ file: 'm.yaml', line: 1, column: 2 }],
    };
    const at = { file: 'm.yaml', line: 9, column: 1 };
    const view = viewOf(
      planWith([moved], {
        findings: [{ rule: 'source-tag', level: 'warn', message: 'odd tag', at, edges: [] }],
        malformed: [{ rule: 'digest', message: 'no digest', at }],
      }),
    );
    for (const render of [textOf, renderPlanMarkdown]) {
      const text = render(view);
      expect(text).toMatch(/tag v1 in dst points to sha256:b+, not sha256:a+: tag moves are not supported/);
      expect(text).toContain('m.yaml:1:2');
      expect(text).toContain('odd tag');
      expect(text).toContain('no digest');
    }
    expect(view).toMatchObject({ writes: [], counts: { 'tag-move': 1, present: 5 } });
  });

  it.each<[PlanView['signature'], RegExp]>([
    [{ kind: 'unsigned' }, /signature +none/],
    [{ kind: 'verified', key: 'sha256:1' }, /by the key sha256:1, verified/],
    [{ kind: 'untrusted', key: 'sha256:1' }, /claims the key sha256:1, not verified/],
    [{ kind: 'wrong', key: 'sha256:1' }, /WRONG: not one of the key sha256:1/],
  ])('says what the signature is worth: %j', (signature, words) => {
    const file = decodePlan(Buffer.from(encoded(planWith([]))));
    expect(textOf(makePlanView(file, signature))).toMatch(words);
  });

  const HOSTILE = 'x|y</td><script>alert(1)</script> [click](https://e.vil) @team\n# big `code` & "q"';
  const { siblings: _siblings, ...edge } = copyTo('p.io/p/app', 'v1');
  const hostile = planWith([{ ...edge, decision: 'blocked', reason: HOSTILE }], {
    findings: [{ rule: 'r', level: 'error', message: HOSTILE, advice: HOSTILE, at: undefined, edges: [] }],
    malformed: [{ rule: 'r', message: HOSTILE, at: { file: HOSTILE, line: 1, column: 1 } }],
  });

  it('has no line, cell, element, link or mention that a text in the plan makes', () => {
    const view = viewOf(hostile);
    const markdown = renderPlanMarkdown(view);
    expect(markdown).not.toMatch(/<script|\]\(http|^# big| @team/m);
    expect(markdown.match(/^\| .*alert.*$/gm)?.every((row) => row.split(/(?<!\\)\|/).length <= 9)).toBe(true);
    expect(textOf(view)).not.toMatch(/^# big/m);
  });

  it.each([
    ['a tag that looks emphasized', '_v1_', '\\_v1\\_'],
    ['emphasis', '*a* ~~b~~ `c`', '\\*a\\* \\~\\~b\\~\\~ \\`c\\`'],
    ['a mention in emphasis', '_@team_', '\\_@<!-- -->team\\_'],
    ['a mention of a name that is escaped', '@_team', '@<!-- -->\\_team'],
    ['a mention as an entity', '&#64;team &commat;team', '&amp;#64;team &amp;commat;team'],
    ['an address, which is none', 'app@sha256:1', 'app@sha256:1'],
  ])('reads in Markdown as it stands: %s', (_what, text, written) => {
    const message = `x ${text} y`;
    const at = { file: 'm.yaml', line: 9, column: 1 };
    const view = viewOf(planWith([], { malformed: [{ rule: 'digest', message, at }] }));
    expect(renderPlanMarkdown(view)).toContain(`| x ${written} y |`);
  });

  it('fits a comment however much of it is escaped', () => {
    const reason = '&@x|*_'.repeat(30);
    const { siblings: _none, ...first } = copyTo('p.io/p/app', 'v1');
    const items = Array.from({ length: 500 }, (_, index): PlanItem => {
      return { ...first, tag: tag(`v${index}`), decision: 'blocked', reason };
    });
    const writes = Array.from({ length: 500 }, (_, index) => {
      return { ...copyTo('p.io/p/app', `w${index}`), sourceFault: reason };
    });
    expect(renderPlanMarkdown(viewOf(planWith([...items, ...writes]))).length).toBeLessThan(65_536);
  });

  it('is cut where it is too long for a comment, and says so', () => {
    const items = Array.from({ length: 900 }, (_, index) => copyTo('p.io/p/app', `v${index}`));
    const markdown = renderPlanMarkdown(viewOf(planWith(items)));
    expect(markdown.length).toBeLessThan(65_536);
    expect(markdown).toMatch(/… and \d+ more, in the plan file: `cip show FILE` prints all of it/);
  });

  it('of a release of 30 images in 22 regions fits a comment whole', () => {
    const regions = Array.from(
      { length: 22 },
      (_, index) => `region-${index}-docker.pkg.dev/k8s-artifacts-prod/images`,
    );
    const items = Array.from({ length: 30 }, (_, index) => `kubernetes/kube-apiserver-${index}`).flatMap(
      (image) =>
        regions.flatMap((region) => [
          {
            ...copyTo(`${region}/${image}`, 'v1.30.0'),
            sources: [repository(`gcr.io/k8s-staging-kubernetes/${image}`)],
          },
        ]),
    );
    const markdown = renderPlanMarkdown(viewOf(planWith(items)));
    expect(markdown).not.toContain('more, in the plan file');
    expect(markdown.match(/\| copy \|/g)).toHaveLength(30);
    expect(markdown.length).toBeLessThan(20_000);
  });
});
