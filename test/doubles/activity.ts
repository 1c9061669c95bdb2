import { watchStream } from '../../src/base/byte-stream.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Send } from '../../src/http/request.ts';

/** Counts what happens over the wire, for a `SettledTime`, which passes only where nothing happens any more. */
export interface Activity {
  events: number;
}

/** Counts requests, answers and the pieces of those that stream. */
export function counted(inner: Send, activity: Activity): Send {
  return async (request) => {
    activity.events += 1;
    try {
      const response = await inner(request);
      const { stream } = response;
      const onPiece = () => void (activity.events += 1);
      return stream === undefined ? response : { ...response, stream: watchStream(stream, { onPiece }) };
    } finally {
      activity.events += 1;
    }
  };
}

/** Requests, bytes and connections that have come to a registry so far. */
export function arrivedAt({ requests, connections }: EmbeddedRegistry): number {
  return requests.reduce((sum, { bytesIn }) => sum + bytesIn, requests.length + connections);
}
