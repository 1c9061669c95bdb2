import { generateKeyPairSync, verify } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCommandKey } from '../../../../../src/adapters/sigstore/sign/keys/command-key.ts';
import { publicKeyOf } from '../../../../../src/adapters/sigstore/sign/keys/signing-key.ts';
import { SigningError } from '../../../../../src/adapters/sigstore/sign/signing-error.ts';
import { testdir } from '../../../../builders/testdir.ts';

const { signal } = new AbortController();
const CONTENT = Buffer.from([0, 1, 254, 255]);
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A program that signs what it reads, in this encoding. */
async function signerProgram(encoding: 'base64' | 'latin1'): Promise<string> {
  const pem = JSON.stringify(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const folder = await testdir({
    'sign.js': `const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', () => {
  const signature = require('node:crypto').sign('sha256', Buffer.concat(chunks), ${pem});
  process.stdout.write(signature.toString('${encoding}') + '${encoding === 'base64' ? '\\n' : ''}', '${encoding}');
});`.replace(`, 'base64');`, ');'),
  });
  return `'${process.execPath}' '${join(folder, 'sign.js')}'`;
}

function keyOf(command: string, limit = 30_000) {
  const options = { command, publicKey: publicKeyOf(publicKey, 'a key'), env: process.env, limit };
  return createCommandKey(options);
}

async function failureOf(command: string, limit?: number): Promise<string> {
  const error = await keyOf(command, limit)
    .sign(CONTENT, signal)
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof SigningError)) throw new Error(`expected a SigningError, got ${String(error)}`);
  expect(error.code).toBe('command');
  return error.message;
}

describe('a command', () => {
  it.each(['latin1', 'base64'] as const)('gives a signature in %s', async (encoding) => {
    const signature = await keyOf(await signerProgram(encoding)).sign(CONTENT, signal);
    expect(verify('sha256', CONTENT, publicKey, signature)).toBe(true);
  });

  it('that fails is told with its complaint', async () => {
    expect(await failureOf('echo "no such key" >&2; exit 3')).toBe(
      '-sign-command="echo \\"no such key\\" >&2; exit 3": exit 3: no such key',
    );
  });

  it('is killed after its limit', async () => {
    expect(await failureOf('sleep 60', 50)).toBe('-sign-command="sleep 60": no answer within 50 ms');
  });

  it.each(['echo signature', 'true', 'cat'])('that gives no signature is refused: %s', async (command) => {
    expect(await failureOf(command)).toBe(
      `-sign-command="${command}": the output is not a signature that the key of -sign-command-key verifies`,
    );
  });

  it('ends with the reason of an aborted signal', async () => {
    const stop = new AbortController();
    const signing = keyOf('sleep 60').sign(CONTENT, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(signing).rejects.toThrow('stopped');
  });
});
