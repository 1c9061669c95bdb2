import type { HttpRequest, HttpResponse, Send } from '../../../http/request.ts';
import type { RegistryError } from '../../../ports/registry-error.ts';

/** How often an answer whose bytes are wrong is read: damage on the way goes away, damage on the disk does not. */
const READS = 4;

/** Sends a request that reads, and again while a 200 brings damaged bytes. Throws what `damageOf` says of the last. */
export async function retryCorruptBody(
  send: Send,
  request: HttpRequest,
  damageOf: (response: HttpResponse) => RegistryError | undefined,
): Promise<HttpResponse> {
  for (let read = 1; ; read++) {
    const response = await send(request);
    const damage = response.status === 200 ? damageOf(response) : undefined;
    if (damage === undefined) return response;
    if (read >= READS) throw damage;
  }
}
