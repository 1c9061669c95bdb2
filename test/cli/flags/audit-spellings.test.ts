import { expect, it } from 'vitest';
import { spellAuditor } from '../../../src/cli/flags/audit-spellings.ts';

it.each([
  [
    ['-audit', '-audit-manifest-path=d'],
    ['audit', 'serve', '-audit-manifest-path=d'],
  ],
  [
    ['-no-auth', '--audit=true'],
    ['audit', 'serve', '-no-auth'],
  ],
  [
    ['audit', '--url=u', '--path', 'd'],
    ['audit', 'serve', '--url=u', '--path', 'd'],
  ],
  [
    ['--project=p', 'audit'],
    ['--project=p', 'audit', 'serve'],
  ],
  [
    ['cip', 'audit', '-branch', 'b'],
    ['cip', 'audit', 'serve', '-branch', 'b'],
  ],
])('%j starts the service', (argv, spelled) => {
  expect(spellAuditor(argv)).toEqual(spelled);
});

it.each([
  [['audit', '-thin-manifest-dir=d']],
  [['audit', 'serve', '--url=u']],
  [['-audit=false']],
  [['-thin-manifest-dir=audit', '-report=path']],
  [[]],
])('%j stays as it is', (argv) => {
  expect(spellAuditor(argv)).toEqual(argv);
});
