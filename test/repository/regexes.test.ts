import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testdir } from '../builders/testdir.ts';

const SCRIPT = join(import.meta.dirname, '../../scripts/check-regexes.js');

/** What the check says of a file of these lines, and its exit code. */
async function check(...lines: readonly string[]) {
  const directory = await testdir({ 'deep/file.ts': `${lines.join('\n')}\n` });
  return await new Promise<{ code: unknown; output: string }>((done) => {
    execFile(process.execPath, [SCRIPT, directory], { cwd: directory }, (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, output: stderr + stdout }),
    );
  });
}

it('the check of regular expressions lets linear ones pass', async () => {
  expect(await check('export const A = /^[a-z]+$/;', "export const B = 'a'.replace(/\\s+/g, '');")).toEqual({
    code: 0,
    output: '2 regular expressions, 0 refused\n',
  });
});

const BAD: readonly (readonly [how: string, expression: string, says: string])[] = [
  ['exponential', '/^(?:a+)+$/', 'exponential time'],
  ['quadratic from every place of a text', '/ +$/', '2nd degree polynomial time'],
  ['quadratic from every place that a word begins', '/<!--[^]*?-->/', '2nd degree polynomial time'],
  ['quadratic between two assertions', '/(?<=[\\w/]:)[^\\s"]+(?=@(?!sha))/g', '2nd degree polynomial'],
  ['unknown until it runs', "new RegExp('(a+)+$')", 'write a literal'],
];

it('the check of regular expressions refuses those that are exponential, quadratic or not literal', async () => {
  const { code, output } = await check(
    ...BAD.map(([, expression], n) => `export const X${n} = ${expression};`),
  );
  expect(code).toBe(1);
  const said = output.split('\n');
  for (const [index, [how, , says]] of BAD.entries()) {
    expect(said[index], how).toMatch(/^deep\/file\.ts:\d: /);
    expect(said[index], how).toContain(`file.ts:${index + 1}: `);
    expect(said[index], how).toContain(says);
  }
});
