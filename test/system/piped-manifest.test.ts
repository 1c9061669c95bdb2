import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../doubles/tools.ts';
import { manifestFlag } from './staging.ts';

const IMAGES = {
  from: 'gcr.example.com/staging',
  to: ['eu.example.com/prod'],
  images: { app: { [`sha256:${'a'.repeat(64)}`]: ['v1'] } },
};

it.each([
  ['a process substitution', '"$0" "$1" -manifest=<(cat "$2") -parse-only -report=-'],
  ['stdin', 'cat "$2" | "$0" "$1" -manifest=/dev/stdin -parse-only -report=-'],
  ['stdin that is a file', '"$0" "$1" -manifest=/dev/stdin -parse-only -report=- < "$2"'],
])('a manifest is read from %s', async (_what, script) => {
  const file = (await manifestFlag(IMAGES)).slice('-manifest='.length);
  const cip = join(repositoryRoot(), 'bin/cip.js');
  const { stdout } = await promisify(execFile)('bash', ['-c', script, process.execPath, cip, file]);
  expect(JSON.parse(stdout)).toMatchObject({ mode: 'parse-only', summary: { edges: 1 } });
});
