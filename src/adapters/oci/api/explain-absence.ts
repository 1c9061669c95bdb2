import { hostOf, type Repository } from '../../../image/repository.ts';
import { RegistryError } from '../../../ports/registry-error.ts';
import { readRequest, type Session } from './session.ts';

/**
 * A hint that missing content may be hidden: the host demands credentials at `/v2/`, and there are none. Undefined
 * otherwise, and if the host does not answer.
 */
export async function explainAbsence(
  session: Session,
  { repository, signal }: { readonly repository: Repository; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const url = new URL(`${session.endpoints.originOf(hostOf(repository))}/v2/`);
  const request = readRequest(session, repository, { method: 'GET', path: '', signal });
  try {
    const { hint } = await session.send({ ...request, url, purpose: 'ping' });
    return hint && `${hostOf(repository)} may hide it from anonymous: ${hint}`;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return undefined;
  }
}
