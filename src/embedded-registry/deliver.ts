import type { ServerResponse } from 'node:http';
import type { Delivery } from './faults.ts';
import type { Reply } from './reply.ts';
import type { LogEntry } from './request-log.ts';

/** Sends an answer, or what a fault has left of it, and writes it into the log before it is out. */
export function deliver(response: ServerResponse, delivery: Delivery, entry: LogEntry): void {
  if (response.destroyed) return; // nobody is there any more
  switch (delivery.kind) {
    case 'whole':
      return deliverWhole(response, delivery.reply, entry);
    case 'partial':
      return deliverPart(response, delivery, entry);
    case 'nothing':
      if (delivery.ending === 'reset') response.socket?.resetAndDestroy();
  }
}

const NO_BYTES = new Uint8Array(0);

function deliverWhole(response: ServerResponse, reply: Reply, entry: LogEntry): void {
  const body = reply.body ?? NO_BYTES;
  entry.status = reply.status;
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
