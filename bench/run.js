// Bundles a program of bench/, which Node 20 cannot run as it is, and runs it: `npm run bench`, `npm run bench:planning`, `npm run bench:scale`.
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { pageAssets } from '../scripts/page-assets.js';

const [folder = '.', ...args] = process.argv.slice(2);
const outfile = fileURLToPath(new URL('../node_modules/.cache/bench/main.mjs', import.meta.url));

await build({
  entryPoints: [fileURLToPath(new URL(`${folder}/main.ts`, import.meta.url))],
  outfile,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  define: { CIP_PAGE: JSON.stringify(await pageAssets()) },
  logLevel: 'warning',
});
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = await main(args);
