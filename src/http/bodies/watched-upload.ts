import { type HttpRequest, isStreamBody } from '../request.ts';

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
  /** What was opened last: a redirect opens the bytes once more, and ends those before. */
  let current: object | undefined;
  let broken: object | undefined;
  const isOpen = () => current !== undefined;
  const isCut = () => isOpen() && broken !== current && !signal.aborted;
  if (!isStreamBody(body)) return { request, isOpen, isCut };
  const open = async () => {
    current = undefined;
    const opened = await body.open();
    current = opened;
    if (!(opened instanceof Uint8Array)) {
      opened.once('error', () => {
        broken = opened;
      });
    }
    return opened;
  };
  return { request: { ...request, body: { ...body, open } }, isOpen, isCut };
}
