import type { ServerResponse } from 'node:http';
import type { Reply } from '../reply.ts';
import type { Delivery } from './faults.ts';
import type { LogEntry } from './request-log.ts';

/** Responses that a fault holds back, until either side closes their connection. */
export type Stalled = Set<ServerResponse>;

/** Sends a response, or the part of it that a fault leaves, and logs it before it is sent. */
export function deliver(
  response: ServerResponse,
  delivery: Delivery,
  { entry, stalled }: { readonly entry: LogEntry; readonly stalled: Stalled },
): void {
  if (response.destroyed) return; // the client is gone
  if (delivery.kind !== 'whole' && delivery.ending === 'stall') {
    stalled.add(response);
    response.once('close', () => stalled.delete(response));
  }
  switch (delivery.kind) {
    case 'whole':
      return deliverWhole(response, delivery, entry);
    case 'partial':
      return deliverPart(response, delivery, entry);
    case 'nothing':
      if (delivery.ending === 'reset') response.socket?.resetAndDestroy();
  }
}

const NO_BYTES = new Uint8Array(0);

function deliverWhole(
  response: ServerResponse,
  { reply, hangsUp = false }: Extract<Delivery, { kind: 'whole' }>,
  entry: LogEntry,
): void {
  const body = reply.body ?? NO_BYTES;
  entry.status = reply.status;
  const { socket } = response;
  if (hangsUp) response.once('finish', () => socket?.destroySoon());
  response.writeHead(reply.status, headersFor(reply));
  if (entry.method === 'HEAD' || body.length === 0) {
    response.end();
  } else {
    entry.bytesOut = body.length;
    response.end(body);
  }
}

function deliverPart(
  response: ServerResponse,
  { reply, bytes, ending }: Extract<Delivery, { kind: 'partial' }>,
  entry: LogEntry,
): void {
  const body = entry.method === 'HEAD' ? NO_BYTES : (reply.body ?? NO_BYTES).subarray(0, bytes);
  entry.status = reply.status;
  entry.bytesOut = body.length;
  response.writeHead(reply.status, ending === 'end' ? reply.headers : headersFor(reply));
  response.flushHeaders();
  switch (ending) {
    case 'end':
      response.end(body);
      return;
    case 'stall':
      response.write(body);
      return;
    case 'close':
      response.write(body, () => response.socket?.destroySoon());
      return;
    case 'reset':
      response.write(body, () => response.socket?.resetAndDestroy());
  }
}

function headersFor({ status, headers, body }: Reply): Record<string, string | number> {
  return status === 204 || status === 304 ? headers : { ...headers, 'Content-Length': body?.length ?? 0 };
}
