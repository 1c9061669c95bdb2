// Bundles the entry points into dist/. The program is one script, with a V8 code cache beside it.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
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
/** Libraries that few runs load, in files of their own: they have nearly half of all code. */
const LATE_LIBRARIES = {
  'google-auth-library': 'google-auth-library',
  'artifact-registry': '@google-cloud/artifact-registry/build/src/v1/index.js',
};
/** Parts of libraries that no run uses, and the libraries that import them. */
const LEFT_OUT = [
  { part: /^make-fetch-happen$/, library: 'tuf-js' }, // its downloads go over src/http
  { part: /^node:child_process$/, library: 'commander' }, // no command is a program of its own
];
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const facts = buildFacts(); // of the tree before the build
// built in another directory and renamed at the end, so that the old build works until then
const draft = `dist.${process.pid}`;
process.on('exit', () => rmSync(draft, { recursive: true, force: true }));
const moduleOptions = {
  outdir: draft,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  minifyWhitespace: true, // names stay readable in stack traces
  minifySyntax: true,
  logLevel: 'warning',
  metafile: true,
};
/** CommonJS, because Node 20 loads no code cache for an ES module. */
const programOptions = {
  ...moduleOptions,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  charset: 'ascii',
  supported: { 'dynamic-import': false }, // `import()` becomes `require()`
  plugins: [
    { name: 'left-out', setup: leaveOut },
    { name: 'late-libraries', setup: loadLate },
  ],
  define: {
    'import.meta.dirname': '__dirname',
    CIP_VERSION: JSON.stringify(version),
    CIP_PAGE: JSON.stringify(await pageAssets()),
  },
};
const metafiles = [];
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(ENTRIES);
const unknown = names.find((name) => !Object.hasOwn(ENTRIES, name));
if (unknown !== undefined) {
  console.error(`unknown entry point "${unknown}": expected ${Object.keys(ENTRIES).join(', ')}`);
  process.exit(1);
}
for (const name of names) {
  if (name === 'cip') await bundleProgram();
  else await bundle({ [name]: ENTRIES[name] }, moduleOptions);
}

await writeFile(`${draft}/third-party-licenses.txt`, licensesOf(metafiles));
await writeFile(`${draft}/build.json`, `${JSON.stringify(facts)}\n`);
await rm('dist', { recursive: true, force: true });
await rename(draft, 'dist');

async function bundle(entryPoints, options) {
  const { metafile } = await build({ ...options, entryPoints });
  metafiles.push(metafile);
}

async function bundleProgram() {
  await bundle({ cip: ENTRIES.cip, ...LATE_LIBRARIES }, programOptions);
  // bin/start.js reads it as Latin-1. esbuild escapes strings, but not regular expressions
  const [found] = /[^\0-\x7f]/.exec(await readFile(`${draft}/cip.cjs`, 'utf8')) ?? [];
  if (found !== undefined)
    throw new Error(
      `cip.cjs has the character "${found}": write it as a \\u escape in the regular expressions of src/`,
    );
  await writeCodeCache();
}

/** Runs `code-cache.ts` with a minimal environment: proxies and variables of cip would change the promotion. */
async function writeCodeCache() {
  const script = `${draft}/code-cache.js`;
  await build({ ...moduleOptions, entryPoints: { 'code-cache': 'scripts/code-cache.ts' } });
  const args = ['--hash-seed=1', '--no-flush-bytecode', script, draft];
  const env = { PATH: process.env.PATH, HOME: draft, TMPDIR: draft };
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) {
    console.error(`${stderr}no code cache was written, for the reason above`);
    process.exit(1);
  }
  await rm(script);
}

function loadLate(build) {
  build.onResolve({ filter: /^@?google/ }, ({ kind, path }) => {
    const name = Object.keys(LATE_LIBRARIES).find((name) => LATE_LIBRARIES[name] === path);
    return kind === 'dynamic-import' && name ? { path: `./${name}.cjs`, external: true } : undefined;
  });
}

function leaveOut(build) {
  const path = fileURLToPath(new URL('left-out.js', import.meta.url));
  for (const { part, library } of LEFT_OUT)
    build.onResolve({ filter: part }, ({ importer }) =>
      importer.includes(`/node_modules/${library}/`) ? { path } : undefined,
    );
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
