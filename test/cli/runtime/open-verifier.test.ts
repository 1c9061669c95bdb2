// Covers src/adapters/sigstore/verify/open-verifier.ts
// Covers src/adapters/sigstore/verify/shipped-root.ts

import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { TrustSource } from '../../../src/adapters/sigstore/verify/open-verifier.ts';
import { shippedRoot } from '../../../src/adapters/sigstore/verify/shipped-root.ts';
import { readTrustedRoot } from '../../../src/adapters/sigstore/verify/trusted-root.ts';
import { Secrets } from '../../../src/base/secrets.ts';
import { verify } from '../../../src/cli/commands/verify.ts';
import { parseCommandLine } from '../../../src/cli/flags/parse-command-line.ts';
import { openRuntime } from '../../../src/cli/runtime/open-runtime.ts';
import { openVerifier } from '../../../src/cli/runtime/open-verifier.ts';
import { makeStatement } from '../../../src/signature/statement.ts';
import { digest } from '../../builders/manifests.ts';
import { testdir } from '../../builders/testdir.ts';
import { createTufRepository, type TufFiles } from '../../builders/tuf-repository.ts';
import { createSigstore, newKey, type SigningKey, stored } from '../../doubles/sigstore.ts';

const STATEMENT = makeStatement([{ digest: digest('a') }], { predicateType: 'x', predicate: {} });

const { signal } = new AbortController();

function parts(env: NodeJS.ProcessEnv = {}) {
  const log = { write: () => {} };
  const options = verify.parse({
    ...parseCommandLine('cip', ['verify', '-manifest=x']),
    program: 'cip',
    env,
  });
  const runtime = openRuntime({ options, env, log, secrets: new Secrets() });
  onTestFinished(() => runtime.close());
  return { runtime, env, log };
}

async function serve(files: TufFiles): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const file = files.get(url);
    response.writeHead(file === undefined ? 404 : 200).end(file);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the mirror has no port');
  return `http://127.0.0.1:${address.port}`;
}

it('what ships is a trusted root', async () => {
  const { trustedRoot, rootMetadata } = shippedRoot();
  const root = readTrustedRoot(trustedRoot, 'it');
  expect(root.tlogs.map(({ baseURL }) => baseURL)).toContain('https://rekor.sigstore.dev');
  expect(root.certificateAuthorities.length).toBeGreaterThan(0);
  expect(JSON.parse(Buffer.from(rootMetadata).toString())).toHaveProperty('signed._type', 'root');
});

it('verifies against what ships unless told otherwise', async () => {
  const sigstore = await createSigstore();
  const signer = await sigstore.certificate();
  const verifier = await openVerifier({ trust: { kind: 'shipped' }, keys: [] }, parts(), signal);
  expect(await verifier.verify(stored(await sigstore.bundle(STATEMENT, signer)), signal)).toMatchObject({
    kind: 'refused',
  });
});

it('verifies against a file', async () => {
  const sigstore = await createSigstore();
  const directory = await testdir({ 'root.json': sigstore.trustedRoot });
  const trust = { kind: 'file', path: join(directory, 'root.json') } as const;
  const verifier = await openVerifier({ trust, keys: [] }, parts(), signal);
  const bundle = await sigstore.bundle(STATEMENT, await sigstore.certificate());
  expect((await verifier.verify(stored(bundle), signal)).kind).toBe('verified');
});

it('verifies against a TUF repository, and then against its cache', async () => {
  const sigstore = await createSigstore();
  const repository = createTufRepository();
  const directory = await testdir({ '1.root.json': repository.initialRoot, 'cache/': '' });
  const mirror = new URL(await serve(repository.files(sigstore.trustedRoot)));
  const env = { TUF_ROOT: join(directory, 'cache') };
  const bundle = stored(await sigstore.bundle(STATEMENT, await sigstore.certificate()));
  for (const root of [join(directory, '1.root.json'), undefined]) {
    const verifier = await openVerifier(
      { trust: { kind: 'tuf', mirror, root }, keys: [] },
      parts(env),
      signal,
    );
    expect((await verifier.verify(bundle, signal)).kind).toBe('verified');
  }
  expect(await readdir(env.TUF_ROOT)).toEqual([encodeURIComponent(mirror.host)]);
});

it('verifies by the keys of files', async () => {
  const [key, other] = [newKey(), newKey()];
  const pem = (one: SigningKey) => String(one.publicKey.export({ format: 'pem', type: 'spki' }));
  const directory = await testdir({ 'key.pub': pem(key), 'other.pub': pem(other) });
  const [first, second] = [join(directory, 'key.pub'), join(directory, 'other.pub')];
  const bundle = stored(await (await createSigstore()).bundle(STATEMENT, key));
  const kindWith = async (keys: string[]) => {
    const verifier = await openVerifier({ trust: { kind: 'shipped' }, keys }, parts(), signal);
    return (await verifier.verify(bundle, signal)).kind;
  };
  expect(await kindWith([second, first])).toBe('verified');
  expect(await kindWith([second])).toBe('refused');
});

it('names the flag of a file that cannot be used', async () => {
  const directory = await testdir({ 'bad.json': '{}', 'bad.pub': 'x' });
  const [json, pub] = [join(directory, 'bad.json'), join(directory, 'bad.pub')];
  const shipped = { kind: 'shipped' } as const;
  const open = (trust: TrustSource, keys: string[] = []) => openVerifier({ trust, keys }, parts(), signal);
  await expect(open({ kind: 'file', path: '/missing' })).rejects.toThrow(
    /^cannot read -trusted-root="\/missing": ENOENT/,
  );
  await expect(open({ kind: 'file', path: json })).rejects.toThrow('bad.json is not a trusted root');
  await expect(open(shipped, ['/missing'])).rejects.toThrow(/^cannot read -signature-key="\/missing"/);
  await expect(open(shipped, [pub])).rejects.toThrow(/^-signature-key=".*bad\.pub": no public key in PEM/);
});
