import type * as z from 'zod';
import { countOf } from '../base/text.ts';

/** YAML terms for the types of the schema. */
const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'a map',
  string: 'text',
};

const UNITS: Readonly<Record<string, string>> = { array: 'item', string: 'character' };

/** The value that the schema expects, or the schema's own message. */
export function explainIssue(issue: z.core.$ZodIssue): string {
  const { message } = issue;
  if (issue.code === 'invalid_type' && message.startsWith('Invalid'))
    return `expected ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value' && message.startsWith('Invalid'))
    return `expected ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small' && message.startsWith('Too small')) {
    const unit = UNITS[issue.origin];
    const minimum = Number(issue.minimum);
    return `expected at least ${unit === undefined ? minimum : countOf(minimum, unit)}`;
  }
  return `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}
