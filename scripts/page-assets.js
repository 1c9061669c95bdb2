// Bundles the script and the style of the report page, for the build, the tests and the benchmarks.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The value of CIP_PAGE, as JSON. */
export async function pageAssets() {
  const [script, style] = await Promise.all([bundle('main.ts'), bundle('style.css')]);
  return JSON.stringify({ script, style, scriptHash: hashOf(script), styleHash: hashOf(style) });
}

async function bundle(file) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/report/html/browser/${file}`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: ['chrome111', 'firefox128', 'safari17'], // the first with all that the page uses
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles[0].text.trim();
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
