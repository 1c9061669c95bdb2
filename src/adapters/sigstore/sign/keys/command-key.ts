import { verify } from 'node:crypto';
import { CodedError, messageOf } from '../../../../base/errors.ts';
import { runForBytes } from '../../../../base/run-program.ts';
import { oneLine, quote } from '../../../../base/text.ts';
import { SigningError } from '../signing-error.ts';
import type { PublicKey, SigningKey } from './signing-key.ts';

export interface CommandKeyOptions {
  /** A command line for `sh`. */
  readonly command: string;
  /** The key that it signs with. */
  readonly publicKey: PublicKey;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds for one signature. */
  readonly limit: number;
}

/** Bytes: an RSA signature in base64 has fewer. */
const MAX_OUTPUT = 16 * 1024;

/**
 * A key that a command holds, such as a client of a KMS. It gets the bytes to sign on stdin, and writes the signature to
 * stdout, as bytes or in base64: ECDSA and RSA with SHA-256, ECDSA as DER. A signature that the public key does not
 * verify is refused.
 */
export function createCommandKey({ command, publicKey, env, limit }: CommandKeyOptions): SigningKey {
  const name = `-sign-command=${quote(command)}`;
  const hash = publicKey.algorithm === 'PKIX_ED25519' ? null : 'sha256';
  const isSignature = (content: Uint8Array, bytes: Buffer) => verify(hash, content, publicKey.object, bytes);
  return {
    public: publicKey,
    sign: async (content, signal) => {
      const call = { program: 'sh', args: ['-c', command], env, input: content, limit, signal };
      const { end, output, stderr } = await runForBytes({ ...call, maxOutput: MAX_OUTPUT }).catch(
        (cause: unknown) => {
          if (!(cause instanceof CodedError)) throw cause;
          throw new SigningError('command', `${name}: ${messageOf(cause)}`, { cause });
        },
      );
      if (end !== 'exit 0') throw new SigningError('command', `${name}: ${end}: ${oneLine(stderr)}`);
      const readings = [output, Buffer.from(output.toString('latin1').trim(), 'base64')];
      const signature = readings.find((bytes) => isSignature(content, bytes));
      if (signature !== undefined) return signature;
      throw new SigningError(
        'command',
        `${name}: the output is not a signature that the key of -sign-command-key verifies`,
      );
    },
  };
}
