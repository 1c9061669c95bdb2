// Covers src/base/position.ts
// Covers src/base/sorted.ts

import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertNever, CodedError, isAbort, messageOf } from '../../src/base/errors.ts';
import { formatPosition } from '../../src/base/position.ts';
import { compareText, sortedBy } from '../../src/base/sorted.ts';
import {
  editDistance,
  escapeCode,
  escapeMarkdown,
  isEmailAddress,
  listSome,
  maskPasswords,
  matchesGlob,
  nearest,
  oneLine,
  quote,
  trimEndOf,
} from '../../src/base/text.ts';

/** What forges or hides a line of a log. */
const TRICKS = ['\n', '\r', '\u001b', '\u007f', '\u0085', '\u009b', '\u2028', '\u2029', '\u202e', '\u2066'];

describe('a quoted text', () => {
  it.each([
    ['plain', '"plain"'],
    ['', '""'],
    ['say "no"', '"say \\"no\\""'],
    ['two\nlines', '"two\\nlines"'],
    ['x'.repeat(200), `"${'x'.repeat(200)}"`],
    ['x'.repeat(201), `"${'x'.repeat(200)}…"`],
  ])('reads as it was written, on one line, cut at 200: %j', (text, expected) => {
    expect(quote(text)).toBe(expected);
  });

  it.each(TRICKS.map((trick) => [trick.charCodeAt(0).toString(16), trick]))(
    'shows U+%s as an escape',
    (_code, trick) => {
      expect(quote(`a${trick}b`)).not.toContain(trick);
    },
  );
});

describe('a password', () => {
  it.each([
    ['usr:S3cret@host', 'usr:******@host'],
    ['usr:p/a:s@s@host/path', 'usr:*******@host/path'],
    ['https://usr:pw@host:80/x', 'https://usr:**@host:80/x'],
    ['https://:pw@host', 'https://:**@host'],
    ['a:x@b "c:y@d"', 'a:*@b "c:*@d"'],
    ['sigstore::https://usr:pw@host::a@b', 'sigstore::https://usr:**@host::a@b'],
  ])('in %s is not shown', (text, expected) => {
    expect(maskPasswords(text)).toBe(expected);
    expect(quote(text)).toBe(JSON.stringify(expected));
  });

  it.each([
    `app:v1@sha256:${'a'.repeat(64)}`,
    'localhost:5000/app:v1@sha256:00',
    'service-account: promoter@prod.iam.gserviceaccount.com',
    '{"account":"promoter@prod.iam"}',
    'http://host:80/path',
    'sigstore::https://accounts.example.com::promoter@example.com',
    '[sigstore(identityMatch=regex)::https://i.example::a@b\\.c]',
  ])('is not seen in %s', (text) => {
    expect(maskPasswords(text)).toBe(text);
  });

  it('is not shown where the text is cut within it', () => {
    expect(quote(`usr:${'x'.repeat(300)}@host`)).not.toContain('x');
  });
});

describe('passwords in a long text', () => {
  /** The definition, of which the time is quadratic. */
  const PASSWORD = /(?<=[\w.%+/-]:)(?!\/\/)[^\s"']+(?=@(?!sha\d+:))/g;

  it('are those of the definition', () => {
    const piece = constantFrom('a', ':', '@', '/', '//', ' ', '"', 'sha256:', '@sha1:', 'é', '\n');
    assert(
      property(array(piece, { maxLength: 24 }), (pieces) => {
        const text = pieces.join('');
        const expected = text.replace(PASSWORD, (password) => '*'.repeat(password.length));
        expect(maskPasswords(text)).toBe(expected);
      }),
      { seed: 12, numRuns: 5_000 },
    );
  });

  it.each(['a:', '@', 'a:@', ':@sha1', 'a:b@sha256:', 'a://', '@sha1111'])(
    'are found in time that grows no faster than the text: %j repeated',
    (unit) => {
      const text = unit.repeat(2_000_000);
      expect(maskPasswords(text)).toHaveLength(text.length);
      expect(maskPasswords(`${text} u:pw@h`).endsWith(' u:**@h')).toBe(true);
    },
  );
});

it.each([
  ['', ''],
  ['///', ''],
  ['/a//b///', '/a//b'],
  ['a', 'a'],
])('%j without slashes at its end is %j', (text, expected) => {
  expect(trimEndOf(text, '/')).toBe(expected);
});

describe('foreign text', () => {
  it('becomes one line without doubled blanks', () => {
    expect(oneLine('  two\r\n  lines\t ')).toBe('two lines');
  });

  it('is cut where it is told', () => {
    expect(oneLine('abcdef', 3)).toBe('abc…');
  });

  it.each(TRICKS.map((trick) => [trick.charCodeAt(0).toString(16), trick]))('loses U+%s', (_code, trick) => {
    expect(oneLine(`a${trick}b`)).not.toContain(trick);
  });
});

describe('a list of names', () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);

  it.each([
    [0, ''],
    [1, 'n0'],
    [10, 'n0, n1, n2, n3, n4, n5, n6, n7, n8, n9'],
    [11, 'n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 1 more'],
  ])('of %i', (count, expected) => {
    expect(listSome(names(count))).toBe(expected);
  });

  it('stays short however many there are', () => {
    expect(listSome(names(100_000)).length).toBeLessThan(100);
  });
});

describe('the nearest word', () => {
  it.each([
    ['manifst', 'manifest'],
    ['mainfest', 'manifest'],
    ['thread', 'threads'],
    ['xyz', undefined],
    ['', undefined],
  ])('to %j is %j', (word, expected) => {
    expect(nearest(word, ['manifest', 'threads', 'confirm'])).toBe(expected);
  });

  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['abc', 'acb', 2],
  ])('%j and %j are %i edits apart', (a, b, expected) => {
    expect(editDistance(a, b)).toBe(expected);
    expect(editDistance(b, a)).toBe(expected);
  });
});

describe('order', () => {
  it('is by code unit, the same in every locale', () => {
    expect(['b', 'a', 'B', 'ä', '_', '1'].toSorted(compareText)).toEqual(['1', 'B', '_', 'a', 'b', 'ä']);
  });

  it('keeps what is equal as it was', () => {
    const items = ['b2', 'a1', 'b1', 'a2'];
    expect(sortedBy(items, (item) => item.slice(0, 1))).toEqual(['a1', 'a2', 'b2', 'b1']);
    expect(items).toEqual(['b2', 'a1', 'b1', 'a2']);
  });
});

describe('errors', () => {
  class Refusal extends CodedError<'too-late'> {
    constructor(cause: unknown) {
      super('too-late', 'the shop is shut', { cause });
    }
  }

  it('have a code, a cause and the name of their class', () => {
    const cause = new Error('night');
    expect(new Refusal(cause)).toMatchObject({ code: 'too-late', name: 'Refusal', cause });
  });

  it.each([
    [new Error('no'), 'no'],
    [new TypeError(), 'TypeError'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('say something whatever was thrown: %j', (thrown, expected) => {
    expect(messageOf(thrown)).toBe(expected);
  });

  it('of an abort are known by the reason or the name', () => {
    const reason = new Error('stop');
    const signal = AbortSignal.abort(reason);
    expect(isAbort(reason, signal)).toBe(true);
    expect(isAbort(reason)).toBe(false);
    expect(isAbort(AbortSignal.abort().reason)).toBe(true);
    expect(isAbort('stop', signal)).toBe(false);
  });

  it('show the value that nobody thought of', () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only a compiler's mistake leads there
    expect(() => assertNever('surprise' as never)).toThrow('unexpected value: "surprise"');
  });
});

it('a position reads file:line:column', () => {
  expect(formatPosition({ file: 'images/app/images.yaml', line: 12, column: 5 })).toBe(
    'images/app/images.yaml:12:5',
  );
});

describe('an email address', () => {
  it.each([
    'k8s-infra-gcr-promoter@k8s-artifacts-prod.iam.gserviceaccount.com',
    '123456789-compute@developer.gserviceaccount.com',
    'name@project.example.com.iam.gserviceaccount.com',
    'first.last+tag@example.com',
    'me@host',
  ])('is %s', (text) => {
    expect(isEmailAddress(text)).toBe(true);
  });

  it.each([
    '',
    'name',
    '@project.iam.gserviceaccount.com',
    'name@',
    'name@@project',
    'name@project@other',
    'a name@project',
    'name@project\n',
    'name@pro ject',
    'name@project/../x',
    'name@.com',
    'name@project..com',
    'name@project.',
    '-name@project',
    'name@-project',
    'serviceAccount:name@project',
    'ｎame@project',
  ])('is not %j', (text) => {
    expect(isEmailAddress(text)).toBe(false);
  });
});

it.each([
  ['v*', 'v1.0', true],
  ['v*', 'main', false],
  ['*', '', true],
  ['v?.*', 'v1.27.3', true],
  ['v?.*', 'v12', false],
  ['*-rc*', 'v1-rc-rc1', true],
  ['v1', 'v1.0', false],
  ['*a*a*a*b', 'a'.repeat(128), false],
])('the glob %s and the tag %s', (glob, tag, expected) => {
  expect(matchesGlob(glob, tag)).toBe(expected);
});

describe('foreign text in Markdown', () => {
  it.each([
    ['fixes #12 of o/r#3', 'fixes #<!-- -->12 of o/r#<!-- -->3'],
    ['@octocat me@example.com', '@<!-- -->octocat me@example.com'],
    ['# title &#64;', '# title &amp;#64;'],
    ['a|b <img> `x` *y* [z](u)', 'a\\|b &lt;img> \\`x\\` \\*y\\* [z]\\(u)'],
  ])('%j refers to nothing', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });

  it('is code without an end of its own', () => {
    expect(escapeCode('</code>@a #1 |`')).toBe('&#60;/code&#62;&#64;a &#35;1 &#124;&#96;');
    expect(escapeCode('https://x.io/a-b.c=1,2')).toBe('https&#58;//x.io/a-b.c=1,2');
  });
});
