import { quote } from '../../base/text.ts';

/** A number with one or two letters, such as `2w`: git takes the number for a day of the month. */
const SHORTHAND = /^\s*-?\d+\s*(?!am\b|pm\b)[a-z]{1,2}\s*$/i;

export function isMisreadAge(age: string): boolean {
  return SHORTHAND.test(age) || age.trim() === '';
}

export function describeAge(age: string): string {
  return `${quote(age)} does not name a time in the past: write "14 days", or a date such as 2026-01-31`;
}
