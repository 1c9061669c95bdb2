// Makes the files of a release: the npm package, its bill of materials, the notes and the checksums.
//
//   node scripts/release.js TAG DIRECTORY
//
// Nothing is published. The workflow `release` does that with these files, and docs/releasing.md says how.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** `OWNER/NAME`. The owner is the scope of the package. */
const REPOSITORY = process.env.GITHUB_REPOSITORY ?? 'example/cip';

const [tag = '', directory = ''] = process.argv.slice(2);
const manifest = readJson('package.json');
refuseUnusable();
mkdirSync(directory, { recursive: true });
inStage(pack);
write('cip.cdx.json', inStage(billOfMaterials));
write('notes.md', notes());
write('SHA256SUMS', checksums());

function refuseUnusable() {
  const problem = findProblem();
  if (problem === undefined) return;
  console.error(`release: ${problem}`);
  process.exit(2);
}

function findProblem() {
  const expected = `v${manifest.version}`;
  if (directory === '') return 'usage: node scripts/release.js TAG DIRECTORY';
  if (tag !== expected) return `the tag "${tag}" is not the version of package.json: expected ${expected}`;
  if (!existsSync(join(ROOT, 'dist'))) return 'there is no dist: run "npm run build" first';
  const isFree = !existsSync(directory) || readdirSync(directory).length === 0;
  return isFree ? undefined : `"${directory}" is not empty: give a new directory`;
}

/** The package has all its dependencies in dist, so an installation fetches nothing else and runs no script. */
function pack(stage) {
  for (const path of manifest.files) cpSync(join(ROOT, path), join(stage, path), { recursive: true });
  writeJson(join(stage, 'package.json'), {
    ...manifest,
    name: `@${REPOSITORY.split('/')[0]?.toLowerCase()}/cip`,
    private: undefined,
    scripts: undefined,
    allowScripts: undefined,
    dependencies: undefined,
    devDependencies: undefined,
    overrides: undefined,
    repository: { type: 'git', url: `git+https://github.com/${REPOSITORY}.git` },
    publishConfig: { access: 'public', provenance: true, tag: isPrerelease() ? 'next' : 'latest' },
  });
  npm(['pack', '--silent', '--ignore-scripts', `--pack-destination=${resolve(directory)}`], stage);
}

/** npm installs a prerelease only by its version or tag. */
function isPrerelease() {
  return manifest.version.includes('-');
}

/**
 * What npm locked, without the tools of the build: `npm sbom --omit=dev` would leave out dependencies that these have
 * too. npm takes the name from the directory.
 */
function billOfMaterials(stage) {
  const place = join(stage, 'cip');
  mkdirSync(place);
  const lock = readJson('package-lock.json');
  const locked = { ...lock.packages[''], devDependencies: undefined };
  writeJson(join(place, 'package-lock.json'), { ...lock, packages: { ...lock.packages, '': locked } });
  writeJson(join(place, 'package.json'), { ...manifest, devDependencies: undefined });
  return npm(['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], place);
}

function inStage(task) {
  const stage = mkdtempSync(join(tmpdir(), 'cip-release-'));
  try {
    return task(stage);
  } finally {
    rmSync(stage, { recursive: true });
  }
}

/** The subjects of the commits since the tag before. */
function notes() {
  const before = git(['describe', '--tags', '--abbrev=0', '--match=v*', `--exclude=${tag}`]);
  const range = before === '' ? 'HEAD' : `${before}..HEAD`;
  return `# ${tag}\n\n${git(['log', '--no-merges', '--format=- %s', range])}\n`;
}

function checksums() {
  const files = readdirSync(directory).toSorted();
  const sum = (file) =>
    createHash('sha256')
      .update(readFileSync(join(directory, file)))
      .digest('hex');
  return files.map((file) => `${sum(file)}  ${file}\n`).join('');
}

function readJson(file) {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
}

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);
}

function write(name, text) {
  writeFileSync(join(directory, name), text);
}

function npm(args, cwd) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1e8,
  });
}

/** The output of git; empty where there is no repository, or no tag before. */
function git(args) {
  try {
    return execFileSync('git', args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
