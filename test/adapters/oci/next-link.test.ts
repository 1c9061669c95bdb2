import { describe, expect, it } from 'vitest';
import { parseNextLink } from '../../../src/adapters/oci/next-link.ts';

const PAGE = new URL('https://example.com/v2/app/tags/list?n=2');

describe('the next page', () => {
  it.each([
    ['</v2/app/tags/list?n=2&last=b>; rel="next"', 'https://example.com/v2/app/tags/list?n=2&last=b'],
    ['</next>; rel=next', 'https://example.com/next'],
    ['</next>;rel="next"', 'https://example.com/next'],
    ['</next>; title="a"; rel="next"', 'https://example.com/next'],
    ['</next>; REL="NEXT"', 'https://example.com/next'],
    ['</next>; title="a, b"; rel="next"', 'https://example.com/next'],
    ['</next>; title="a \\"; rel=\\"x"; rel="next"', 'https://example.com/next'],
    ['</other>; title="; rel=next", </next>; rel="next"', 'https://example.com/next'],
    ['</next>; rel="last next"', 'https://example.com/next'],
    ['<https://other.example.com/x>; rel="next"', 'https://other.example.com/x'],
    ['</first>; rel="first", </next>; rel="next"', 'https://example.com/next'],
    ['<?last=b>; rel="next"', 'https://example.com/v2/app/tags/list?last=b'],
    ['</a,b;c>; rel="next"', 'https://example.com/a,b;c'],
  ])('is found in %s', (header, expected) => {
    expect(parseNextLink(header, PAGE)?.href).toBe(expected);
  });

  it.each([
    undefined,
    '',
    '</first>; rel="first"',
    '/next; rel="next"',
    '</x>',
    '</x>; rel=prev; rel=next',
    '<http://[>; rel="next"',
  ])('is not found in %j', (header) => {
    expect(parseNextLink(header, PAGE)).toBeUndefined();
  });
});
