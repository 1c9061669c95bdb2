// Bundles the entry points into dist/ as split ESM chunks, so that a start loads only what its command needs.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';

const { build } = await import('esbuild').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error('the dependencies are not installed: run "npm ci" first');
  process.exit(1);
});
/** The entry points by name; arguments name those to build. */
const ENTRIES = { cip: 'src/cli/main.ts', quickstart: 'scripts/quickstart.ts' };
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

// built beside and put in its place at the end, so that who runs the old one is not left without
const draft = `dist.${process.pid}`;
await build({
  entryPoints: Object.fromEntries(entriesFor(process.argv.slice(2))),
  outdir: draft,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  minifyWhitespace: true, // half of a short run is the parsing of its own code; names stay readable in stack traces
  minifySyntax: true,
  logLevel: 'warning',
  define: { CIP_VERSION: JSON.stringify(version), CIP_COMMIT: JSON.stringify(commit()) },
  // CommonJS inside an ESM bundle: undici and commander call require() for node's own modules, Google's client asks where it is
  banner: {
    js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);const __dirname=import.meta.dirname;",
  },
});

await rm('dist', { recursive: true, force: true });
await rename(draft, 'dist');

function entriesFor(names) {
  return Object.entries(ENTRIES).filter(([name]) => names.length === 0 || names.includes(name));
}

function commit() {
  const { CIP_COMMIT } = process.env; // where there is no git, as in the build of the image
  if (CIP_COMMIT !== undefined) return CIP_COMMIT.slice(0, 12);
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return ''; // built from a tarball: there is no commit to name
  }
}
