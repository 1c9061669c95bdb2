import type { Send } from './request.ts';

/** Marks the answers of other hosts, such as storage, that a registry has led to: they say nothing of the registry. */
export function markForeignResponses(inner: Send, originOf: (host: string) => string): Send {
  return async (request) => {
    const response = await inner(request);
    return response.url.origin === originOf(request.host) ? response : { ...response, isForeign: true };
  };
}
