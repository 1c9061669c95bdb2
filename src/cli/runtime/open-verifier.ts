import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { VerifierOptions } from '../../adapters/sigstore/verify/open-verifier.ts';
import type { Log } from '../../ports/log.ts';
import type { SignatureVerifier } from '../../ports/signatures.ts';
import { keyRule, type SignerRule } from '../../signature/policy/signer-rule.ts';
import { readPublicKeys } from '../../signature/public-keys.ts';
import type { Runtime } from './open-runtime.ts';

export interface VerifierParts {
  readonly runtime: Pick<Runtime, 'openFetch'>;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/**
 * The verifier of signatures of a run. Its code is loaded here: a run that verifies nothing never reads it. Throws an
 * `InputFault` for files that cannot be used, and a `TufError` without a trusted root.
 */
export async function openVerifier(
  options: VerifierOptions,
  { runtime, env, log }: VerifierParts,
  signal: AbortSignal,
): Promise<SignatureVerifier> {
  const sigstore = await import('../../adapters/sigstore/verify/open-verifier.ts');
  const cache = env['TUF_ROOT'] || join(homedir(), '.sigstore', 'root');
  return await sigstore.openVerifier(options, { openFetch: runtime.openFetch, cache, log }, signal);
}

/** The public keys of a file as signers. */
export async function readKeys(path: string): Promise<readonly SignerRule[]> {
  return readPublicKeys(await readFile(path, 'utf8'), path).map(keyRule);
}
