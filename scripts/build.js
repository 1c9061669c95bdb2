// Bundles the entry points into dist/ as split ESM chunks, so that a start loads only what its command needs.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const { build } = await import('esbuild').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error('the dependencies are not installed: run "npm ci" first');
  process.exit(1);
});
const { pageAssets } = await import('./page-assets.js');
const { licensesOf } = await import('./licenses.js');
/** The entry points by name; arguments name those to build. */
const ENTRIES = { cip: 'src/cli/main.ts', quickstart: 'scripts/quickstart.ts', action: 'action/main.ts' };
/** Parts of libraries that no run uses, and the libraries that load them at every start. */
const LEFT_OUT = [
  { part: /^make-fetch-happen$/, library: 'tuf-js' }, // its downloads go over src/http
  { part: /^node:child_process$/, library: 'commander' }, // no command is a program of its own
];
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const facts = buildFacts(); // of the tree before the build
// built in another directory and renamed at the end, so that the old build works until then
const draft = `dist.${process.pid}`;
const options = {
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
  metafile: true,
  plugins: [{ name: 'left-out', setup: leaveOut }],
  // as text: an object would be a file that every start loads
  define: { CIP_VERSION: JSON.stringify(version), CIP_PAGE: JSON.stringify(await pageAssets()) },
  // CommonJS inside an ESM bundle: commander calls require() for node's own modules, Google's client asks where it is
  banner: {
    js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);const __dirname=import.meta.dirname;",
  },
};
// each by itself: a part that two of them shared would be one more file to load at every start
const metafiles = [];
for (const entryPoints of entriesFor(process.argv.slice(2))) {
  const { metafile } = await build({ ...options, entryPoints });
  metafiles.push(metafile);
}

await writeFile(`${draft}/third-party-licenses.txt`, licensesOf(metafiles));
await writeFile(`${draft}/build.json`, `${JSON.stringify(facts)}\n`);
await rm('dist', { recursive: true, force: true });
await rename(draft, 'dist');

function leaveOut(build) {
  const path = fileURLToPath(new URL('left-out.js', import.meta.url));
  for (const { part, library } of LEFT_OUT)
    build.onResolve({ filter: part }, ({ importer }) =>
      // a stub for each library: a shared one would be one more file to load
      importer.includes(`/node_modules/${library}/`) ? { path, suffix: `?${library}` } : undefined,
    );
}

function entriesFor(names) {
  const wanted = Object.entries(ENTRIES).filter(([name]) => names.length === 0 || names.includes(name));
  return wanted.map(([name, file]) => ({ [name]: file }));
}

/** The commit, its state and the time of the build, for `cip -version`. Without git the first two are missing. */
function buildFacts() {
  const { CIP_COMMIT, CIP_DATE, SOURCE_DATE_EPOCH: epoch } = process.env;
  // the build of the image has no git, and its time is an argument
  if (CIP_COMMIT !== undefined) return { commit: CIP_COMMIT || undefined, date: CIP_DATE || undefined };
  const time = epoch ? Number(epoch) * 1000 : Date.now();
  if (Number.isNaN(time)) throw new Error(`SOURCE_DATE_EPOCH is a number of seconds, not "${epoch}"`);
  const date = new Date(time).toISOString().replace('.000Z', 'Z');
  try {
    const [prefix, commit] = git('rev-parse', '--show-prefix', 'HEAD').split('\n');
    if (prefix !== '') return { date }; // unpacked within the repository of another project
    return { commit, dirty: git('status', '--porcelain') !== '', date };
  } catch {
    return { date }; // a tarball, or a machine without git
  }
}

/** Git of this tree, even if another user owns it, as in an image build. */
function git(...args) {
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
  return execFileSync('git', ['-c', 'safe.directory=*', ...args], options).trimEnd();
}
