import { expect, it } from 'vitest';
import { renderSarif } from '../../../src/report/remarks/render-sarif.ts';

const LOG = renderSarif(
  [
    {
      rule: 'moving-tag',
      level: 'warn',
      message: 'm',
      at: { file: 'images/ä b/images.yaml', line: 3, column: 5 },
    },
    { rule: 'digest', level: 'error', message: 'n', at: undefined },
    { rule: 'moving-tag', level: 'error', message: 'o', at: { file: 'x', line: 1, column: 1 } },
  ],
  '1.2.3',
);

it('is a SARIF log of version 2.1.0 with one run', () => {
  const log = JSON.parse(LOG);
  expect(log).toMatchObject({
    $schema: expect.stringContaining('sarif-schema-2.1.0.json'),
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'cip', version: '1.2.3' } }, columnKind: 'utf16CodeUnits' }],
  });
  expect(Object.keys(log).toSorted()).toEqual(['$schema', 'runs', 'version']);
});

it('has each rule once, and results that refer to it by its index', () => {
  const [{ tool, results }] = JSON.parse(LOG).runs;
  expect(tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(['digest', 'moving-tag']);
  for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
});

it('has places as URIs that are relative to the top of the repository', () => {
  const [{ results }] = JSON.parse(LOG).runs;
  expect(results[0]).toMatchObject({
    level: 'warning',
    message: { text: 'm' },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'images/%C3%A4%20b/images.yaml', uriBaseId: '%SRCROOT%' },
          region: { startLine: 3, startColumn: 5 },
        },
      },
    ],
  });
  expect(results[1]).toMatchObject({ level: 'error', locations: [] });
});
