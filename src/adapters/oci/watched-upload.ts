import { type HttpRequest, isStreamBody } from './http.ts';

/** A request, and what has become of its body where that streams. */
export interface WatchedUpload {
  readonly request: HttpRequest;
  /** True once its bytes were there to be sent. */
  readonly isOpen: () => boolean;
  /** True where a failure is the host's or the network's: neither were its bytes lacking, nor was it abandoned. */
  readonly isCut: () => boolean;
}

/** Watches the body of a request. */
export function watchUpload(request: HttpRequest): WatchedUpload {
  const { body, signal } = request;
  let isOpen = false;
  let isBroken = false;
  const isCut = () => isOpen && !isBroken && !signal.aborted;
  if (!isStreamBody(body)) return { request, isOpen: () => false, isCut: () => false };
  const open = async () => {
    const opened = await body.open();
    isOpen = true;
    if (!(opened instanceof Uint8Array)) {
      opened.once('error', () => {
        isBroken = true;
      });
    }
    return opened;
  };
  return { request: { ...request, body: { ...body, open } }, isOpen: () => isOpen, isCut };
}
