import { describe, expect, it } from 'vitest';
import { findJsonError } from '../../../src/adapters/docker-config/json-error.ts';

describe('the fault of a text that is no JSON', () => {
  // the mark is where it is
  it.each([
    '^s3cret',
    '{"a":{"x":1},^}',
    '{"a":nul^x}',
    '{"a":1}^x',
    '{"a":1 ^"b":2}',
    '{^a:1}',
    '{"a":"b\\^x"}',
    '{"a":"^\n"}',
    '[1,^]',
    '{"a":-^}',
    '{"a":1.^}',
    '{"a":"\\u12^x"}',
    '{"a":0^1}',
    '{"a":1^',
    '{"a":"b^',
    '{"a":tru^',
    '^',
  ])('%j', (marked) => {
    expect(findJsonError(marked.replace('^', ''))).toBe(marked.indexOf('^'));
  });

  it.each(['{}', '[1]', '"a"', 'null', ' 1 '])('is none in %j', (text) => {
    expect(findJsonError(text)).toBeUndefined();
  });
});
