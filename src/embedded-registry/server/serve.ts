import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { parseImageName } from '../../image/repository.ts';
import type { Backend, Call } from '../handler.ts';
import { Refusal, refusalReply } from '../errors.ts';
import { jsonReply, type Reply } from '../reply.ts';
import { deliver, type Stalled } from './deliver.ts';
import { arriving, type Delivery, type FaultPlan, interfere } from './faults.ts';
import { readRequestBody } from './request-body.ts';
import { type LogEntry, openEntry } from './request-log.ts';
import { allowedMethods, findRoute, type Match } from './router.ts';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface ServerParts {
  readonly backend: Backend;
  readonly faults: FaultPlan;
  readonly log: LogEntry[];
  readonly stalled: Stalled;
}

/** Responds to a request. Never rejects: any failure is a response or a closed connection. */
export async function serveRequest(
  { request, response }: Exchange,
  { backend, faults, log, stalled }: ServerParts,
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  const match = findRoute(method, path, query);
  const kind = match?.route.kind ?? 'other';
  const entry = openEntry({ method, path, kind }, { query, authorization: request.headers.authorization });
  log.push(entry);

  const anonymous = request.headers.authorization === undefined;
  const act = faults.next({ method, path, url, kind, anonymous });
  const cutAt = act?.kind === 'cut-upload' ? act.atByte : undefined;
  const call: Call = {
    method,
    path,
    query,
    headers: request.headers,
    name: match?.name ?? '',
    reference: match?.reference ?? '',
    readBody: async (maxBytes) => arriving(act, await readRequestBody(request, { maxBytes, cutAt }, entry)),
  };
  const answer = () => answerCall(call, match, backend);
  const delivery: Delivery =
    act === undefined ? { kind: 'whole', reply: await answer() } : await interfere(act, path, answer);
  deliver(response, delivery, { entry, stalled });
}

/** The response of a handler, or of the error that it threw. */
async function answerCall(call: Call, match: Match | undefined, backend: Backend): Promise<Reply> {
  try {
    if (match === undefined) throw noRoute(call);
    if (call.name !== '' && parseImageName(call.name) === undefined) {
      throw new Refusal('NAME_INVALID', `${quote(call.name)} is not a repository name`);
    }
    if (match.route.kind !== 'token') backend.authorizer.admit(call);
    return await match.route.handle(call, backend);
  } catch (error) {
    if (error instanceof Refusal) return refusalReply(error);
    return jsonReply({ errors: [{ code: 'UNKNOWN', message: messageOf(error) }] }, { status: 500 });
  }
}

function noRoute({ path }: Call): Refusal {
  const allowed = allowedMethods(path);
  if (allowed.length === 0) return new Refusal('UNSUPPORTED', 'no such endpoint', { status: 404 });
  return new Refusal('UNSUPPORTED', 'method not allowed', { headers: { Allow: allowed.join(', ') } });
}
