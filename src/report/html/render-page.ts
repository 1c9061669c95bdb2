import { escapeControls } from '../../base/text.ts';
import type { PageData } from './page-data.ts';

/** The script and the style of a page, and their hashes for its policy. */
interface PageAssets {
  readonly script: string;
  readonly style: string;
  /** `sha256-…` of the texts between their tags. */
  readonly scriptHash: string;
  readonly styleHash: string;
}

/** `PageAssets` as JSON, made of `browser/` by `scripts/page-assets.js`, and put here by the build. */
declare const CIP_PAGE: string;

/** A page in one file, piece by piece. It loads nothing, and all that comes from others is in its data. */
export function* renderPage(data: PageData): Generator<string> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by the build
  const { script, style, scriptHash, styleHash } = JSON.parse(CIP_PAGE) as PageAssets;
  const policy = `default-src 'none'; script-src '${scriptHash}'; style-src '${styleHash}'; base-uri 'none'; form-action 'none'`;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>cip</title>
<style>${style}</style>
</head>
<body>
<main></main>
<noscript>This page needs JavaScript. -report-markdown=FILE and -report=FILE write the report without it.</noscript>
<script type="application/json" id="data">`;
  yield toJson(data);
  yield `</script>\n<script>${script}</script>\n</body>\n</html>\n`;
}

/** JSON that the text of a script element can hold, without characters that forge or hide a part of a line. */
function toJson(data: PageData): string {
  const json = JSON.stringify(data, (_, value: unknown) =>
    typeof value === 'string' ? escapeControls(value) : value,
  );
  return json.replace(ENDS_SCRIPT, '\\u003c');
}

/** No other `<` is escaped: secrets are found by their spelling in JSON. */
const ENDS_SCRIPT = /<(?=!--|\/?script)/gi;
