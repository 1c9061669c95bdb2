import { readFile } from 'node:fs/promises';
import { InputFault, messageOf } from '../../../base/errors.ts';
import { quote } from '../../../base/text.ts';
import type { SignatureVerifier } from '../../../ports/signatures.ts';
import { readPublicKeys } from '../../../signature/public-keys.ts';
import { PUBLIC_MIRROR, shippedRoot } from './shipped-root.ts';
import { readTrustedRoot } from './trusted-root.ts';
import type { TufRepository } from './tuf-repository.ts';
import { createVerifier } from './verifier.ts';

/** Where the trusted root comes from. */
export type TrustSource =
  /** The public Sigstore instance, as of the build. */
  | { readonly kind: 'shipped' }
  | { readonly kind: 'file'; readonly path: string }
  /** `root` is the file of the initial root metadata; the public mirror needs none. */
  | { readonly kind: 'tuf'; readonly mirror: URL; readonly root: string | undefined };

export interface VerifierOptions {
  readonly trust: TrustSource;
  /** Files of public keys (PEM). */
  readonly keys: readonly string[];
  /** Further public keys (PEM), and the file that has them, for messages. */
  readonly inlineKeys?: readonly { readonly name: string; readonly pem: string }[];
}

/** The cache, log and network access of a TUF mirror. */
export interface TufAccess extends Pick<TufRepository, 'cache' | 'log'> {
  readonly openFetch: () => Promise<typeof fetch>;
}

export class TrustFileError extends InputFault<'trust-file-unreadable'> {}

/** The verifier of a run. Only a TUF mirror is read over the network. Throws an `InputFault`, or a `TufError`. */
export async function openVerifier(
  { trust, keys, inlineKeys = [] }: VerifierOptions,
  access: TufAccess,
  signal: AbortSignal,
): Promise<SignatureVerifier> {
  const [root, ...trustedKeys] = await Promise.all([
    readRoot(trust, access, signal),
    ...keys.map(async (path) =>
      readPublicKeys(
        (await readTrustFile('-signature-key', path)).toString(),
        `-signature-key=${quote(path)}`,
      ),
    ),
  ]);
  const ofPolicies = inlineKeys.flatMap(({ name, pem }) => readPublicKeys(pem, name));
  return createVerifier({ root, keys: [...trustedKeys.flat(), ...ofPolicies] });
}

async function readRoot(trust: TrustSource, access: TufAccess, signal: AbortSignal) {
  switch (trust.kind) {
    case 'shipped':
      return readTrustedRoot(shippedRoot().trustedRoot, 'the built-in trusted root');
    case 'file':
      return readTrustedRoot(await readTrustFile('-trusted-root', trust.path), trust.path);
    case 'tuf': {
      const { readTrustedRootOf } = await import('./tuf-repository.ts');
      const { mirror, root } = trust;
      const initialRoot = root === undefined ? undefined : await readTrustFile('-tuf-root', root);
      const isPublic = mirror.origin === PUBLIC_MIRROR;
      const repository = {
        ...access,
        mirror,
        initialRoot,
        shippedRoot: isPublic ? shippedRoot().rootMetadata : undefined,
        fetch: await access.openFetch(),
      };
      return readTrustedRoot(await readTrustedRootOf(repository, signal), `the root of ${mirror.href}`);
    }
  }
}

async function readTrustFile(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const message = `cannot read ${flag}=${quote(path)}: ${messageOf(error)}`;
    throw new TrustFileError('trust-file-unreadable', message, { cause: error });
  }
}
