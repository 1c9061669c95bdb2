import { describe, expect, it } from 'vitest';
import { Secrets } from '../../src/base/secrets.ts';
import { escapeCode, escapeMarkdown, oneLine, quote } from '../../src/base/text.ts';
import { findLeaks } from '../system/hostile/canaries.ts';

const PASSWORD = `CaNaRy-p/a+s|s "&=%é'$\\ w<o  rd`;

function secretsWith(...secrets: readonly string[]): Secrets {
  const known = new Secrets();
  for (const secret of secrets) known.add(secret);
  return known;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const inPath = (text: string) => {
  const url = new URL('http://x');
  url.pathname = text;
  return url.href;
};

describe('a secret in a text', () => {
  it.each([
    ['as it is', PASSWORD],
    ['in small letters', PASSWORD.toLowerCase()],
    ['in base64', base64(PASSWORD)],
    ['in base64 for URLs', Buffer.from(PASSWORD).toString('base64url')],
    ['in base64 with something before it', base64(`a:${PASSWORD}`)],
    ['in base64 between other things', base64(`user:${PASSWORD}:more`)],
    ['in hexadecimal digits', Buffer.from(PASSWORD).toString('hex')],
    ['percent-encoded', encodeURIComponent(PASSWORD)],
    ['percent-encoded in small letters', encodeURIComponent(PASSWORD).toLowerCase()],
    ['in a form', new URLSearchParams({ p: PASSWORD }).toString()],
    ['in a path', inPath(`/v2/${PASSWORD}/x`)],
    ['in a query', new URL(`http://x/?${PASSWORD}`).href],
    ['in a header that is read as bytes', Buffer.from(PASSWORD).toString('latin1')],
    ['in a header that is no UTF-8', Buffer.from(PASSWORD, 'latin1').toString()],
    ['in JSON', JSON.stringify({ said: PASSWORD })],
    ['in JSON within JSON', JSON.stringify({ said: JSON.stringify({ said: PASSWORD }) })],
    ['in quotes', quote(PASSWORD)],
    ['in quotes, in a log', JSON.stringify(quote(`you said ${PASSWORD}`))],
    ['on one line', oneLine(`  ${PASSWORD}\n`)],
    ['in a table of Markdown', escapeMarkdown(PASSWORD)],
    ['as code in Markdown', escapeCode(PASSWORD)],
    ['in JSON in a table of Markdown', escapeMarkdown(JSON.stringify(PASSWORD))],
    ['twice', `${PASSWORD}${PASSWORD} ${PASSWORD}`],
  ])('%s is redacted', (_how, text) => {
    const told = secretsWith(PASSWORD).redact(`before ${text} after`);
    expect(findLeaks(told, [])).toEqual([]);
    expect(told).toContain('REDACTED');
    expect(told.startsWith('before ')).toBe(true);
    expect(told.endsWith(' after')).toBe(true);
  });

  it.each(['to_ken_', '-_@*~`a', `${'a'.repeat(200)}_-_`])(
    'is redacted in a table and as code in Markdown: %s',
    (secret) => {
      expect(secretsWith(secret).redact(escapeMarkdown(`x ${secret} y`))).toBe('x REDACTED y');
      expect(secretsWith(secret).redact(escapeCode(`x ${secret} y`))).toBe('x REDACTED y');
    },
  );

  it('is redacted wherever a text is cut within it', () => {
    const secrets = secretsWith(PASSWORD);
    for (let length = 6; length <= PASSWORD.length; length++) {
      expect(secrets.redact(oneLine(`x ${PASSWORD}`, 2 + length))).toMatch(/^x REDACTED…?$/);
      expect(secrets.redact(quote(`${'x'.repeat(200 - length)}${PASSWORD}`))).not.toContain('CaNaRy');
    }
  });

  it('is redacted as a whole where another one is its beginning', () => {
    const secrets = secretsWith('CaNaRy-one', 'CaNaRy-one-and-more');
    expect(secrets.redact('CaNaRy-one, CaNaRy-one-and-more')).toBe('REDACTED, REDACTED');
  });

  it('is found among thousands of others', () => {
    const tokens = Array.from(
      { length: 5_000 },
      (_, number) => `eyJhbGciOiJSUzI1NiJ9.${number}.${'x'.repeat(400)}`,
    );
    const secrets = secretsWith(...tokens);
    const text = tokens.slice(0, 50).join(' ');
    expect(secrets.redact(text)).toBe(Array(50).fill('REDACTED').join(' '));
    expect(secrets.redact('eyJhbGciOiJSUzI1NiJ9.x')).toBe('eyJhbGciOiJSUzI1NiJ9.x');
  });
});

describe('a text', () => {
  it.each([
    ['without a secret', ['CaNaRy-one'], 'CaNaRy-two'],
    ['where nothing is secret', [], 'anything'],
    ['with a word that is too short to be a secret', ['test', 'admin'], 'admin/test'],
    ['with a number that may be a size', ['1234567'], '"bytesIn": 1234567'],
    ['with a word that a short secret is a part of', ['latest'], 'latest1 or thelatest'],
    ['that is empty', ['CaNaRy-one'], ''],
  ])('%s is told as it is', (_what, known, text) => {
    expect(secretsWith(...known).redact(text)).toBe(text);
  });

  it('is told without a short secret that stands alone', () => {
    expect(secretsWith('hunter2').redact('a "hunter2" b:hunter2')).toBe('a "REDACTED" b:REDACTED');
  });

  it.each(['C', 'Ca', 'CaNa', 'CaNaRy-on', 'CaNaRy-one…'])('is gone through once: %j repeated', (unit) => {
    const text = unit.repeat(500_000);
    expect(secretsWith('CaNaRy-one-more').redact(text).length).toBeLessThanOrEqual(text.length);
  });
});
