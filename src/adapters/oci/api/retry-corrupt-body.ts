import type { HttpRequest, HttpResponse, Send } from '../../../http/request.ts';
import type { RegistryError } from '../../../ports/registry-error.ts';

/** Reads of a corrupt body: corruption in transit passes, corruption on disk does not. */
const MAX_READS = 4;

/** Sends a read again while a 200 has a corrupt body. Throws the error of the last one. */
export async function retryCorruptBody(
  send: Send,
  request: HttpRequest,
  errorOf: (response: HttpResponse) => RegistryError | undefined,
): Promise<HttpResponse> {
  for (let read = 1; ; read++) {
    const response = await send(request);
    const error = response.status === 200 ? errorOf(response) : undefined;
    if (error === undefined) return response;
    if (read >= MAX_READS) throw error;
  }
}
