import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const DEPCRUISE = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** A layout like that of the repository in which every import is allowed. */
const GOOD_FILES: Readonly<Record<string, string>> = {
  'src/base/errors.ts': "import type { Readable } from 'node:stream'; export const x = 1;",
  'src/image/digest.ts': "import 'node:crypto'; import '../base/errors.ts';",
  'src/ports/registry.ts': "import '../image/digest.ts';",
  'src/manifest/layout/disk.ts':
    "import 'node:fs/promises'; import 'js-yaml'; import '../../image/digest.ts';",
  'src/edges/expand.ts': "import '../manifest/layout/disk.ts';",
  'src/inventory/read.ts': "import '../edges/expand.ts'; import '../ports/registry.ts';",
  'src/plan/make.ts': "import '../inventory/read.ts'; import '../edges/expand.ts';",
  'src/copy/apply.ts': "import '../plan/make.ts'; import '../ports/registry.ts';",
  'src/report/make.ts': "import 'zod'; import '../copy/apply.ts';",
  'src/promote.ts': "import './report/make.ts'; import './copy/apply.ts';",
  'src/workflows/snapshot/run.ts': "import '../../manifest/layout/disk.ts';",
  'src/workflows/merge/run.ts': "import '../../report/make.ts';",
  'src/browse/walk.ts': "import '../edges/expand.ts'; import '../ports/registry.ts';",
  'src/checks/rule.ts': "import '../plan/make.ts'; import '../ports/registry.ts';",
  'src/http/wire.ts': "import 'p-limit'; import 'node:net'; import '../ports/registry.ts';",
  'src/adapters/oci/client.ts': "import '../../http/wire.ts'; import '../../ports/registry.ts';",
  'src/adapters/system/clock.ts': "import 'node:timers/promises'; import '../../ports/registry.ts';",
  'src/embedded-registry/server.ts': "import 'node:http'; import '../image/digest.ts';",
  'src/cli/main.ts':
    "import 'commander'; import 'node:fs'; import '../promote.ts'; import '../workflows/merge/run.ts'; import '../adapters/oci/client.ts';",
  'src/cli/circle-b.ts': "import type { A } from './circle-a.ts'; export type B = A;",
  'bin/cip.js': "import './start.js';",
  'bin/start.js': "import 'node:vm';",
};

/** One wrong import each, every one in a file of its own. */
const WRONG_IMPORTS: readonly (readonly [file: string, code: string, rule: string])[] = [
  ['src/base/wrong.ts', "import '../image/digest.ts';", 'base-imports'],
  ['src/base/wrong-node.ts', "import 'node:fs';", 'base-touches'],
  [
    'src/image/wrong.ts',
    "import { createHash } from 'node:crypto';",
    'image-touches-node:crypto-in-one-place',
  ],
  [
    'src/base/wrong-stream.ts',
    "import { Readable } from 'node:stream';",
    'base-touches-node:stream-as-types',
  ],
  [
    'src/manifest/wrong.ts',
    "import { readFile } from 'node:fs/promises';",
    'manifest-touches-node:fs-in-one-place',
  ],
  ['src/manifest/wrong-port.ts', "import type { X } from '../ports/registry.ts';", 'manifest-imports'],
  ['src/edges/wrong.ts', "import { parse } from 'js-yaml';", 'edges-touches'],
  ['src/inventory/wrong.ts', "import '../adapters/oci/client.ts';", 'inventory-imports'],
  ['src/plan/wrong.ts', "import type { ReadRegistry } from '../ports/registry.ts';", 'plan-imports'],
  ['src/copy/wrong.ts', "import 'undici';", 'copy-touches'],
  ['src/report/wrong.ts', "import type { ReadRegistry } from '../ports/registry.ts';", 'report-imports'],
  ['src/workflows/snapshot/wrong.ts', "import '../merge/run.ts';", 'workflows-apart'],
  ['src/workflows/merge/wrong.ts', "import '../../adapters/oci/client.ts';", 'workflows-imports'],
  ['src/browse/wrong.ts', "import '../inventory/read.ts';", 'browse-imports'],
  ['src/checks/wrong.ts', "import '../copy/apply.ts';", 'checks-imports'],
  ['src/plan/wrong-limit.ts', "import 'p-limit';", 'plan-touches'],
  ['src/http/wrong.ts', "import '../adapters/oci/client.ts';", 'http-imports'],
  ['src/adapters/system/wrong.ts', "import '../oci/client.ts';", 'adapters-apart'],
  ['src/adapters/oci/wrong.ts', "import '../../plan/make.ts';", 'adapters-imports'],
  ['src/adapters/system/wrong-home.ts', "import 'undici';", 'adapters-touches'],
  ['src/adapters/oci/wrong-module.ts', "import 'zod';", 'adapters-touches'],
  ['src/embedded-registry/wrong.ts', "import '../adapters/oci/client.ts';", 'embedded-registry-imports'],
  ['src/embedded-registry/wrong-module.ts', "import 'undici';", 'embedded-registry-touches'],
  ['src/cli/wrong.ts', "import 'undici';", 'cli-touches'],
  ['src/cli/wrong-name.ts', "import './not-there.ts';", 'resolvable'],
  ['src/cli/circle-a.ts', "import type { B } from './circle-b.ts'; export type A = B;", 'no-cycles'],
  ['src/cli/lonely.ts', 'export const lonely = 1;', 'no-orphans'],
  ['src/utils/anything.ts', "import '../base/errors.ts';", 'every-folder-in-the-table'],
  ['bin/wrong.js', "import '../src/cli/main.ts';", 'bin-imports'],
];

const MODULES = ['undici', 'p-limit', 'js-yaml', 'zod', 'commander'];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string; readonly severity: string };
}

describe('the direction of imports', () => {
  let directory = '';
  let violations: readonly Violation[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cip-imports-'));
    await copyFile(join(ROOT, '.dependency-cruiser.cjs'), join(directory, '.dependency-cruiser.cjs'));
    await writeTree(directory, modulesTree());
    await writeTree(directory, GOOD_FILES);
    await writeTree(directory, Object.fromEntries(WRONG_IMPORTS.map(([file, code]) => [file, code])));
    violations = await cruise(directory);
  });

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(WRONG_IMPORTS)('is broken by %s: %s', (file, _code, rule) => {
    expect(violations.filter(({ from }) => from === file).map((violation) => violation.rule)).toEqual([
      { name: rule, severity: 'error' },
    ]);
  });

  it('is kept by everything else', () => {
    const wrong = new Set(WRONG_IMPORTS.map(([file]) => file));
    expect(violations.filter(({ from }) => !wrong.has(from))).toEqual([]);
  });
});

async function cruise(directory: string): Promise<readonly Violation[]> {
  const args = [DEPCRUISE, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src', 'bin'];
  const stdout = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { cwd: directory, timeout: 30_000, maxBuffer: 2 ** 25 },
      (error, out, err) => {
        if (out.startsWith('{')) resolve(out);
        else reject(new Error(`dependency-cruiser gave no JSON: ${err}`, { cause: error }));
      },
    );
  });
  const report: { summary: { violations: Violation[] } } = JSON.parse(stdout);
  return report.summary.violations;
}

function modulesTree(): Record<string, string> {
  const dependencies = Object.fromEntries(MODULES.map((name) => [name, '1.0.0']));
  const tree = { 'package.json': JSON.stringify({ name: 'layout', type: 'module', dependencies }) };
  const packages = MODULES.flatMap((name) => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
    [`node_modules/${name}/index.js`, 'module.exports = {};'],
  ]);
  return { ...tree, ...Object.fromEntries(packages) };
}

async function writeTree(directory: string, tree: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(tree)) {
    const path = join(directory, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${text}\n`);
  }
}
