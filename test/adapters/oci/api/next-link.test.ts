import { describe, expect, it } from 'vitest';
import { parseNextLink } from '../../../../src/adapters/oci/api/next-link.ts';

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
    ['/v2/app/tags/list?last=b; rel="next"', 'https://example.com/v2/app/tags/list?last=b'],
    ['/v2/app/tags/list?last=b;rel=next', 'https://example.com/v2/app/tags/list?last=b'],
    ['https://other.example.com/x?a,b; rel=next', 'https://other.example.com/x?a,b'],
    ['/first; rel=first, /next; rel=next', 'https://example.com/next'],
    ['</first>; rel=first, /next; rel=next', 'https://example.com/next'],
    ["</next>; rel='next'", 'https://example.com/next'],
    ['</next>; rel="next";', 'https://example.com/next'],
    ['</next>', 'https://example.com/next'],
    ['/next', 'https://example.com/next'],
    ['</next>; title="a"', 'https://example.com/next'],
    [', </next>; rel=next', 'https://example.com/next'],
  ])('is found in %s', (header, expected) => {
    expect(String(parseNextLink(header, PAGE))).toBe(expected);
  });

  it.each([
    undefined,
    '',
    ' , ',
    '</first>; rel="first"',
    '</x>; rel=prev; rel=next',
    '</x>; rel=""',
    '<https://docs.example.com>; rel="help", </style.css>; rel=preload; as=style',
  ])('is not there in %j', (header) => {
    expect(parseNextLink(header, PAGE)).toBeUndefined();
  });

  it.each([
    '<http://[>; rel="next"',
    '</next; rel="next"',
    '/next>; rel="next"',
    '</next>; rel="next',
    '</next> rel="next"',
    '</first>; rel="first", <',
    '; rel="next"',
    'see /next; rel="next"',
    '</first>; rel="first" </next>; rel="next"',
  ])('is not guessed in %j', (header) => {
    expect(parseNextLink(header, PAGE)).toBe('malformed');
  });
});
