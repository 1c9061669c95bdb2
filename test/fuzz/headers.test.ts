import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNextLink } from '../../src/adapters/oci/api/next-link.ts';
import { parseChallenge } from '../../src/adapters/oci/auth/challenge.ts';
import { parseRetryAfter } from '../../src/http/retry-after.ts';
import { FUZZ, longTextOf, nearly, textOf, toTheEnd } from './fuzzing.ts';

const PAGE = new URL('https://registry.example/v2/app/tags/list');

describe('a challenge of any server', () => {
  const header = fc.oneof(
    textOf('=",\\ \t', [
      'Bearer',
      'basic',
      'Digest',
      'realm',
      'service',
      'scope',
      'https://auth.example/token',
      'repository:app:pull',
    ]),
    nearly(
      'Bearer realm="https://auth.example/token",service="r",scope="repository:app:pull"',
      'Negotiate, Bearer realm=https://auth.example/token , scope = "a \\"b\\" c"',
      'Digest realm="a, Basic b", nonce="x", Basic realm="c"',
    ),
  );

  it('is one of its kinds or none, and repeats no more than was said', () => {
    fc.assert(
      fc.property(header, (text) => {
        const challenge = parseChallenge(text);
        if (challenge === undefined || challenge.scheme === 'basic') return;
        expect(Object.keys(challenge)).toEqual(['scheme', 'realm', 'service', 'scope']);
        for (const said of [challenge.realm, challenge.service ?? '', challenge.scope ?? '']) {
          expect(text.replaceAll('\\', '')).toContain(said.replaceAll('\\', ''));
        }
      }),
      FUZZ,
    );
  });

  it('is read as it was written, whatever stands before and after', () => {
    const quoted = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
    const others = fc.constantFrom(
      '',
      'Negotiate',
      'Digest realm="a, Basic b", nonce="\\""',
      'NTLM, Custom x=1',
    );
    fc.assert(
      fc.property(quoted, quoted, quoted, others, others, (realm, service, scope, before, after) => {
        const parameters = Object.entries({ realm, service, scope })
          .map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
          .join(',');
        const text = [before, `Bearer ${parameters}`, after].filter(Boolean).join(', ');
        expect(parseChallenge(text)).toEqual({ scheme: 'bearer', realm, service, scope });
      }),
      FUZZ,
    );
  });
});

describe('a Link of any server', () => {
  const header = fc.oneof(
    textOf('<>;,="\\ ', ['rel', 'next', 'prev', 'title', '/v2/', '?last=a', '//host', 'http://[']),
    nearly('</v2/app/tags/list?last=a&n=5>; rel="next"', '<a>; title="x, y", <?last=b>;rel=next'),
  );

  it('is a URL, malformed, or none at all: that only where a link names another relation', () => {
    fc.assert(
      fc.property(header, (text) => {
        const next = parseNextLink(text, PAGE);
        if (next === undefined) expect(/rel|^[\s,]*$/i.test(text)).toBe(true);
        else expect(next === 'malformed' || URL.canParse(next.href)).toBe(true);
      }),
      FUZZ,
    );
  });

  it('is read as it was written, whatever stands before it', () => {
    const last = fc.string({ unit: 'grapheme-ascii' }).map(encodeURIComponent);
    const others = fc.constantFrom('', '</a>; rel="prev", ', '</b,c>; title="x, <y>; rel=next", ', '</c>, ');
    const spelling = fc.constantFrom('rel=next', 'rel="next"', 'REL = "prev NEXT"', 'title=";,";rel=next');
    fc.assert(
      fc.property(last, others, spelling, (text, before, rel) => {
        const next = parseNextLink(`${before}</v2/app/tags/list?last=${text}>; ${rel}`, PAGE);
        expect(String(next)).toBe(new URL(`/v2/app/tags/list?last=${text}`, PAGE).href);
      }),
      FUZZ,
    );
  });
});

describe('a Retry-After of any server', () => {
  it('is a wait or nothing', () => {
    const header = textOf('19-.e ', ['Fri, 20 Nov 2026 21:00:00 GMT', 'Infinity', 'NaN', '2026']);
    fc.assert(
      fc.property(header, header, fc.oneof(fc.integer(), fc.constant(Number.NaN)), (text, date, wallTime) => {
        const wait = parseRetryAfter({ 'retry-after': text, date }, wallTime) ?? 0;
        expect(Number.isFinite(wait) && wait >= 0).toBe(true);
      }),
      FUZZ,
    );
  });
});

describe('a header of millions of characters is read to its end', () => {
  const pieces = [
    '<',
    '<a>',
    '<a>;',
    '<>;a="',
    '; ',
    ' ',
    ',',
    '"',
    '\\',
    '=',
    'a',
    'a=',
    'a="',
    'a="\\"',
    'Bearer ',
    '1',
  ];

  it.each(pieces)('of %j', (piece) => {
    const text = longTextOf(piece);
    for (const start of ['', '<x', '<x>; ', '<x>; a="', 'Bearer ', 'Bearer a="']) {
      toTheEnd(() => parseNextLink(start + text, PAGE));
      toTheEnd(() => parseChallenge(start + text));
      toTheEnd(() => parseRetryAfter({ 'retry-after': start + text, date: start + text }, 0));
    }
  });
});
