import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosignTagOf } from '../../../src/image/attachment-tags.ts';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import { type Content, image, multiArch, push } from '../../builders/images.ts';
import { runCip, temporaryDirectory } from '../../doubles/run-cip.ts';
import { embedded, manifestFlag, writesOf } from '../staging.ts';
import { hasSigstoreTools, type SigstoreStack, startSigstoreStack } from './stack.ts';

const EMAIL = 'promoter@example.com';
const APP = multiArch('app', { platforms: 2 });
const OTHER = image({ seed: 'other' });

let stack: SigstoreStack;

describe.skipIf(!hasSigstoreTools())('a check of signatures without a key', () => {
  beforeAll(async () => {
    stack = await startSigstoreStack();
  });

  afterAll(async () => {
    await stack?.stop();
  });

  it('exits 1 while images are unsigned, repairs them, and exits 0 then', async () => {
    const { production, check, sign } = await world();
    expect(await check()).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/: 0 signed, 1 unsigned/),
    });
    expect(await sign()).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/ 1 repaired \(exit 0\)/),
    });
    expect(await check()).toMatchObject({ status: 0 });
    production.clearRequests();
    const entries = stack.rekorV1Entries();
    expect(await sign()).toMatchObject({ status: 0, stderr: expect.stringMatching(/: 1 signed \(exit 0\)/) });
    expect(writesOf(production)).toEqual([]);
    expect(stack.rekorV1Entries()).toBe(entries);
  });

  it('takes the flags of upstream before and after the command', async () => {
    const { sign, flags } = await world();
    await sign();
    const [where = '', ...rest] = flags;
    const { certificate } = by();
    for (const args of [
      [...certificate, 'sigcheck', where, ...rest],
      ['sigcheck', where, ...rest, ...certificate],
    ]) {
      const { status, stderr } = await runCip(args, { program: 'kpromo' });
      expect(status, stderr).toBe(0);
    }
  });

  it('knows another identity, and another issuer of the same one', async () => {
    const { check, sign } = await world();
    await sign();
    const others = [by('other@example.com'), by(EMAIL, 'https://accounts.google.com')];
    for (const { certificate } of others) {
      const { status, stderr } = await check(certificate);
      expect(status).toBe(1);
      expect(stderr).toContain('1 signed by others');
      expect(stderr).toMatch(new RegExp(`signed by ${EMAIL} \\(${stack.issuer.url}\\), not by `));
    }
  });

  it('finds signatures and attestations that are missing, and repairs them', async () => {
    const { production, check, sign } = await world();
    await sign(['-attest=false']);
    expect((await check()).stderr).toContain('1 unattested');
    expect((await sign()).status).toBe(0);
    const [child = APP] = APP.children;
    production.store.deleteTag('prod/app', cosignTagOf(child.manifest.digest, 'sig'));
    for (const { digest } of production.store.referrers('prod/app', child.manifest.digest))
      production.store.deleteManifest('prod/app', digest);
    const partly = await check();
    expect(partly).toMatchObject({ status: 1, stderr: expect.stringContaining('1 partly signed') });
    expect((await sign()).status).toBe(0);
    expect((await check()).status).toBe(0);
  });

  it('refuses the signature of another image under the right tag', async () => {
    const { production, check, sign } = await world(OTHER);
    push(production, 'prod/app', APP, 'v2');
    await sign(['-sign-recursive=none', '-attest=false']);
    const signature = production.store.manifest('prod/app', cosignTagOf(OTHER.manifest.digest, 'sig'));
    if (signature === undefined) throw new Error('nothing was signed');
    const tag = cosignTagOf(APP.manifest.digest, 'sig');
    production.store.putManifest('prod/app', tag, signature.mediaType, signature.bytes);
    const { certificate } = by();
    const reference = `${production.host}/prod/app:v2`;
    const flags = ['sigcheck', reference, `-trusted-root=${stack.trustedRoot}`, ...certificate];
    const { status, stderr } = await runCip(flags);
    expect(status).toBe(1);
    expect(stderr).toContain('a signature of another image');
    expect((await check(['-attest=false', '-sign-recursive=none', ...certificate])).status).toBe(0);
  });

  it('is split into shards, which together check every destination once', async () => {
    const { check, sign } = await world(APP, 6);
    await sign();
    const checked = await Promise.all(
      [0, 1, 2].map(async (index) => {
        const { status, stderr } = await check([`-shard=${index}/3`, ...by().certificate]);
        expect(status, stderr).toBe(0);
        return Number(/: (\d+) signed \(shard /.exec(stderr)?.[1]);
      }),
    );
    expect(checked.reduce((sum, count) => sum + count, 0)).toBe(6);
  });

  it('stores no signature where Fulcio or Rekor do not answer, and says so', async () => {
    const { production, sign } = await world();
    const down = ['-rekor-url=http://127.0.0.1:1', '-deadline=20s'];
    const { status, stderr } = await sign(down);
    expect(status).toBe(1);
    expect(stderr).toContain('127.0.0.1:1');
    // a blob is tried before the signature, and nothing refers to it
    expect(writesOf(production).filter((request) => !request.includes('/blobs/uploads/'))).toEqual([]);
    expect((await sign()).status).toBe(0);
  });
});

/** The flags of a signer, by default of the one that signs. */
function by(identity = EMAIL, issuer = stack.issuer.url) {
  return { certificate: [`--certificate-identity=${identity}`, `--certificate-oidc-issuer=${issuer}`] };
}

/** A production that has an image, in some repositories, and nothing beside it. */
async function world(content: Content = APP, destinations = 1) {
  const production: EmbeddedRegistry = await embedded();
  const names = ['prod', ...Array.from({ length: destinations - 1 }, (_, index) => `prod${index}`)];
  for (const name of names) push(production, `${name}/app`, content, 'v1');
  const images = { app: { [content.manifest.digest]: ['v1'] } };
  const to = names.map((name) => `${production.host}/${name}`);
  const token = join(temporaryDirectory(), 'token');
  writeFileSync(token, stack.issuer.token({ email: EMAIL, email_verified: true }));
  const where = await manifestFlag({ from: `${production.host}/staging`, to, images });
  const flags = [where, `-trusted-root=${stack.trustedRoot}`];
  const services = [`-fulcio-url=${stack.fulcioUrl}`, `-rekor-url=${stack.rekorV1Url}`];
  const signing = ['-confirm', `-identity-token=${token}`, ...services];
  const check = (more: readonly string[] = by().certificate) => runCip(['sigcheck', ...flags, ...more]);
  const sign = (more: readonly string[] = []) => runCip(['sigcheck', ...flags, ...lastOf(signing, more)]);
  return { production, flags, check, sign };
}

/** The flags, those of `more` in the place of the same ones. */
function lastOf(flags: readonly string[], more: readonly string[]): readonly string[] {
  const names = new Set(more.map((flag) => flag.split('=')[0]));
  return [...flags.filter((flag) => !names.has(flag.split('=')[0])), ...more];
}
