import { expect, it } from 'vitest';
import { hideSecrets, shorten } from '../../../src/workflows/review/printable.ts';

it.each([
  ['env API_TOKEN', 'abc', '(not shown)'],
  ['env db_password', 'abc', '(not shown)'],
  ['env AWS_SECRET_ACCESS_KEY', 'abc', '(not shown)'],
  ['env GITHUB_PAT_CREDENTIALS', 'abc', '(not shown)'],
  ['label deploy-key', 'abc', '(not shown)'],
  ['env MYSQL_PWD', 'abc', '(not shown)'],
  ['env AUTHOR', 'me', 'me'],
  ['env PATH', '/bin', '/bin'],
  ['env DATABASE', 'postgres://user:abc@host/db', 'postgres://user:***@host/db'],
  ['entrypoint', '["/app","--token=abc","-v"]', '["/app","--token=(not shown)","-v"]'],
  ['cmd', '["--password","abc"]', '["--password","(not shown)"]'],
  ['cmd', '["sh","-c","API_KEY=abc exec app"]', '["sh","-c","API_KEY=(not shown) exec app"]'],
])('%s %s is printed as %s', (field, value, printed) => {
  expect(hideSecrets(field, value)).toBe(printed);
});

it('a huge value is searched in a moment, and its rest is dropped', () => {
  const value = hideSecrets('entrypoint', `["${'token-'.repeat(300_000)}"]`);
  expect(value.length).toBeLessThan(2_100);
});

it('a long text is cut, with its length', () => {
  expect(shorten('x'.repeat(5000))).toBe(`${'x'.repeat(300)}… (5000 characters)`);
  expect(shorten('a\nb\u0007')).toBe('a b\\u0007');
});
