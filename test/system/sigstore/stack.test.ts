import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTool } from '../../doubles/tools.ts';
import { hasSigstoreTools, type SigstoreStack, startSigstoreStack } from './stack.ts';

describe.skipIf(!hasSigstoreTools())('a Sigstore instance on the loopback device', () => {
  let stack: SigstoreStack;

  beforeAll(async () => {
    stack = await startSigstoreStack();
  });

  afterAll(() => stack?.stop());

  it('signs and verifies a file with cosign', async () => {
    const file = (name: string) => join(stack.directory, name);
    writeFileSync(file('artifact'), 'content');
    const email = 'promoter@example.com';
    writeFileSync(file('token'), stack.issuer.token({ email, email_verified: true }));
    await runTool('cosign', [
      'sign-blob',
      `--signing-config=${stack.signingConfig}`,
      `--trusted-root=${stack.trustedRoot}`,
      `--identity-token=${file('token')}`,
      `--bundle=${file('bundle')}`,
      '--yes',
      file('artifact'),
    ]);

    const { stderr } = await runTool('cosign', [
      'verify-blob',
      `--trusted-root=${stack.trustedRoot}`,
      `--bundle=${file('bundle')}`,
      `--certificate-identity=${email}`,
      `--certificate-oidc-issuer=${stack.issuer.url}`,
      '--insecure-ignore-sct',
      file('artifact'),
    ]);

    expect(stderr).toContain('Verified OK');
  });
});
