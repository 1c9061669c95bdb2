import { watchStream } from '../../base/byte-stream.ts';
import { type HttpRequest, isStreamBody } from '../request.ts';

/** A request with a stream body, and the state of that body. */
export interface WatchedUpload {
  readonly request: HttpRequest;
  /** True once bytes were available to send. */
  readonly isOpen: () => boolean;
  /** True if the host or the network caused a failure: bytes were available, and the upload was not abandoned. */
  readonly isCut: () => boolean;
}

/** Watches the body of a request. */
export function watchUpload(request: HttpRequest): WatchedUpload {
  const { body, signal } = request;
  /** The last opened stream: a redirect opens the body again and ends the stream before. */
  let current: object | undefined;
  let broken: object | undefined;
  const isOpen = () => current !== undefined;
  const isCut = () => isOpen() && broken !== current && !signal.aborted;
  if (!isStreamBody(body)) return { request, isOpen, isCut };
  const open = async () => {
    current = undefined;
    const opened = await body.open();
    current = opened;
    if (opened instanceof Uint8Array) return opened;
    const onFailure = () => {
      broken = opened;
    };
    return watchStream(opened, { onFailure });
  };
  return { request: { ...request, body: { ...body, open } }, isOpen, isCut };
}
