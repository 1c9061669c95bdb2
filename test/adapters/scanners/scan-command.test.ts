import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createScanCommand, parseScanCommand } from '../../../src/adapters/scanners/scan-command.ts';
import { digest, repository } from '../../builders/manifests.ts';
import { testdir } from '../../builders/testdir.ts';

const A = digest('a');
const TARGET = { repository: repository('gcr.io/s/app'), digest: A, tags: [] };
const SIGNAL = new AbortController().signal;

function reportOf(name: string) {
  const vulnerability = { VulnerabilityID: 'CVE-1', Severity: 'HIGH', FixedVersion: '2' };
  return { SchemaVersion: 2, ArtifactName: name, Results: [{ Vulnerabilities: [vulnerability] }] };
}

/** A scanner that runs a script of node with the words of the command as arguments. */
async function scanner(script: string, { limit = 60_000 } = {}) {
  const directory = await testdir({ 'scan.mjs': script });
  const words = [process.execPath, join(directory, 'scan.mjs'), '{ref}'] as const;
  return createScanCommand({ words: [...words], env: process.env, limit });
}

async function failureOf(script: string, options?: { limit: number }, signal = SIGNAL) {
  return (await (await scanner(script, options)).scan(TARGET, signal)).notScanned;
}

it('the program gets the reference with the digest, and its output is the result', async () => {
  const script = `const name = process.argv[2];
    console.log(JSON.stringify({ ...${JSON.stringify(reportOf(''))}, ArtifactName: name }));
    console.error('a warning');`;
  expect(await (await scanner(script)).scan(TARGET, SIGNAL)).toMatchObject({
    vulnerabilities: [{ id: 'CVE-1' }],
  });
});

it('no shell sees the reference', async () => {
  const directory = await testdir({
    'scan.mjs': `import { writeFileSync } from 'node:fs';
      writeFileSync(new URL('arguments', import.meta.url), JSON.stringify(process.argv.slice(2)));`,
  });
  const words = parseScanCommand(
    `"${process.execPath}" '${join(directory, 'scan.mjs')}' $HOME *.json --image="x {ref}";true`,
  );
  await createScanCommand({ words, env: process.env }).scan(TARGET, SIGNAL);
  const args = JSON.parse(await readFile(join(directory, 'arguments'), 'utf8'));
  expect(args).toEqual(['$HOME', '*.json', `--image=x gcr.io/s/app@${A};true`]);
});

describe('an image is not scanned if the program', () => {
  it.each([
    ['prints nothing', '', 'its output cannot be used: it is empty'],
    [
      'prints no JSON',
      'console.log("hello")',
      'its output cannot be used: it is not a JSON object: set the output format of the scanner to JSON or SARIF',
    ],
    [
      'fails after a long log',
      'console.error("a line\\n".repeat(50_000) + "FATAL no disk"); process.exitCode = 3',
      'exit 3: FATAL no disk',
    ],
    ['fails', 'console.error("one\\nFATAL no disk"); process.exit(3)', 'exit 3: FATAL no disk'],
    [
      'fails after a report',
      `console.log(${JSON.stringify(JSON.stringify(reportOf('')))}); process.exit(1)`,
      'exit 1: it printed a report: remove flags such as --exit-code and --fail-on',
    ],
    ['is killed', 'process.kill(process.pid, "SIGKILL")', 'ended by SIGKILL'],
    [
      'reports on another image',
      `console.log(${JSON.stringify(JSON.stringify(reportOf(`r@${digest('b')}`)))})`,
      `its output is for another image, ${digest('b')}`,
    ],
    [
      'prints without an end',
      'const page = "x".repeat(1 << 20); const write = () => process.stdout.write(page, write); write();',
      'its output has more than 64 MiB',
    ],
  ])('%s', async (_what, script, reason) => {
    expect(await failureOf(script)).toBe(reason);
  });

  it('hangs', async () => {
    expect(await failureOf('setInterval(() => {}, 1000)', { limit: 300 })).toBe(
      'it did not end within 0.3 s',
    );
  });

  it('does not exist', async () => {
    const source = createScanCommand({ words: ['no-such-scanner', '{ref}'], env: { PATH: '' } });
    expect(await source.scan(TARGET, SIGNAL)).toMatchObject({
      notScanned: 'there is no such program in PATH',
    });
  });
});

it('an aborted signal ends the program', async () => {
  const stop = new AbortController();
  const scanning = failureOf('setInterval(() => {}, 1000)', undefined, stop.signal);
  setImmediate(() => stop.abort(new Error('stopped')));
  await expect(scanning).rejects.toThrow('stopped');
});

describe('the words of a command', () => {
  it.each([
    ['trivy image {ref}', ['trivy', 'image', '{ref}']],
    ['  grype   -o json registry:{ref} ', ['grype', '-o', 'json', 'registry:{ref}']],
    [`a 'b c' "d 'e'" f"g h"i {ref}`, ['a', 'b c', "d 'e'", 'fg hi', '{ref}']],
    [`a "" '\\n' {ref}`, ['a', '', '\\n', '{ref}']],
  ])('%j', (text, words) => {
    expect(parseScanCommand(text)).toEqual(words);
  });

  it.each([
    ['', 'it names no program'],
    ['"" {ref}', 'it names no program'],
    ['trivy image', 'no argument has {ref}, which stands for the image'],
    ['{ref}', 'no argument has {ref}'],
    ['trivy "image {ref}', 'a quote is not closed'],
    ["trivy {ref} '", 'a quote is not closed'],
  ])('%j is refused', (text, message) => {
    expect(() => parseScanCommand(text)).toThrow(message);
  });
});
