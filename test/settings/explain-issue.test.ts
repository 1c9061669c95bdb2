import { expect, it } from 'vitest';
import * as z from 'zod';
import { explainIssue } from '../../src/settings/explain-issue.ts';

it.each([
  [z.array(z.string()), 'x', 'expected a list'],
  [z.string(), 5, 'expected text'],
  [z.number(), 'x', 'expected a number'],
  [z.int(), 1.5, 'expected a whole number'],
  [z.boolean(), 'yes', 'expected true or false'],
  [z.strictObject({}), [], 'expected a map'],
  [z.enum(['a', 'b']), 'c', 'expected a, b'],
  [z.array(z.string()).min(1), [], 'expected at least 1 item'],
  [z.string().min(2), 'x', 'expected at least 2 characters'],
  [z.number().min(3), 2, 'expected at least 3'],
  [z.string({ error: 'expected an age' }), 5, 'expected an age'],
  [z.string().min(1, { error: 'expected an age' }), '', 'expected an age'],
] as const)('explains issue %#: %o does not accept %o', (schema, value, explained) => {
  expect(schema.safeParse(value).error?.issues.map(explainIssue)).toEqual([explained]);
});
