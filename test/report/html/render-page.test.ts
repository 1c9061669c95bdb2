import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secrets } from '../../../src/base/secrets.ts';
import { inBlocks } from '../../../src/cli/output/write-report.ts';
import { renderPage } from '../../../src/report/html/render-page.ts';
import { makeReportPage } from '../../../src/report/html/report-page.ts';
import { SCENES } from '../summary/scenes.ts';

const PAGE = makeReportPage(SCENES['dry-run-600'](), 0);
const HOSTILE =
  '</script><script>alert(1)</script><!-- <SCRIPT> <img src=x onerror=alert(1)> "\u202e\u001b[31m\u2028';

function render(verdict: string): string {
  return Array.from(renderPage({ ...PAGE, verdict })).join('');
}

/** The texts of the elements of a name, as the parser of a browser sees them. */
function textsOf(html: string, name: string): string[] {
  return Array.from(
    html.matchAll(new RegExp(`<${name}[^>]*>([^]*?)</${name}>`, 'gi')),
    ([, text = '']) => text,
  );
}

describe('a page', () => {
  it('allows its own script and style by their hashes, and loads nothing', () => {
    const html = render('fine');
    const [policy = ''] = /(?<=http-equiv="Content-Security-Policy" content=")[^"]*/.exec(html) ?? [];
    const hash = (text = '') => `sha256-${createHash('sha256').update(text).digest('base64')}`;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src '${hash(textsOf(html, 'script')[1])}'`,
      `style-src '${hash(textsOf(html, 'style')[0])}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
    expect(html).not.toMatch(/https?:\/\/|\bsrc=|<link|@import|url\(/);
  });

  it('has its data as JSON that no text in it can end', () => {
    const html = render(HOSTILE);
    const [json = '', script] = textsOf(html, 'script');
    expect(script).toBe(textsOf(render('fine'), 'script')[1]);
    expect(json).not.toMatch(/<!--|<\/?script/i);
    expect(JSON.parse(json)).toEqual({
      ...JSON.parse(textsOf(render('fine'), 'script')[0] ?? ''),
      verdict: HOSTILE.replace('\u202e\u001b', String.raw`\u202e\u001b`).replace(
        '\u2028',
        String.raw`\u2028`,
      ),
    });
  });

  it('has no control characters, whatever its texts have', () => {
    // oxlint-disable-next-line no-control-regex -- control characters are what it is about
    expect(render(HOSTILE)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
  });

  it.each(['s3cret<b>"word"', 'tok/en+with=signs', 'päss<wörd>'])(
    'has no secret, redacted as other reports are: %s',
    (secret) => {
      const secrets = new Secrets();
      secrets.add(secret);
      const html = Array.from(inBlocks([render(`status 500: ${secret}`)], secrets)).join('');
      expect(textsOf(html, 'script')[0]).toContain('status 500: REDACTED');
    },
  );
});
