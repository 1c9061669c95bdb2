import { expect, it } from 'vitest';
import { explainItem } from '../../src/report/explain-item.ts';
import { digest, repository, tag } from '../builders/manifests.ts';

it('of a lost digest its first sources are named, however many it has', () => {
  const sources = Array.from({ length: 5_000 }, (_, index) => repository(`s.io/s${index}/app`));
  const item = { destination: repository('p.io/p/app'), tag: tag('v1'), digest: digest('a'), at: [] };
  const explained = explainItem({ ...item, decision: 'lost', sources });
  expect(explained).toMatch(/^_LOST_: .* nor in s\.io\/s0\/app, .*, s\.io\/s9\/app and 4990 more$/);
});
