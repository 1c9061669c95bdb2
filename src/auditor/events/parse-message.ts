import { z } from 'zod';
import { DistributionEnvelope, parseDistribution } from './distribution.ts';
import { EcrEvent, parseEcr } from './ecr.ts';
import { describeJsonFault, parseJson } from './json-fault.ts';
import { HarborData, HarborNotification, parseHarbor } from './harbor.ts';
import { parsePubSub, PushEnvelope } from './pubsub.ts';
import { parseQuay, QuayNotification } from './quay.ts';
import type { ParsedMessage } from './registry-event.ts';

/** A request, without its path: every path takes every kind of message. */
export interface Message {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
}

/** A CloudEvent in structured mode. @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
const CloudEvent = z.object({
  specversion: z.string(),
  type: z.string(),
  data: z.unknown().optional(),
  data_base64: z.string().optional(),
});

/**
 * The changes in a message: a push of Pub/Sub, a webhook of distribution, Harbor or Quay, or a CloudEvent in binary or
 * structured mode. Never throws.
 */
export function parseMessage({ headers, body }: Message): ParsedMessage {
  const document = documentIn(body);
  if (document === undefined)
    return unparsable(`json.Unmarshal (request body): ${describeJsonFault(textOf(body))}`);
  const type = headers['ce-type'];
  if (typeof type === 'string') return parseDocument(document, type);
  const event = CloudEvent.safeParse(document);
  return event.success ? parseDocument(dataOf(event.data), event.data.type) : parseDocument(document);
}

/** `type` is that of the CloudEvent around the document. */
function parseDocument(document: unknown, type?: string): ParsedMessage {
  if (type?.startsWith('harbor.')) return parseWith(HarborData, document, (data) => parseHarbor(type, data));
  return (
    tryParse(PushEnvelope, document, parsePubSub) ??
    tryParse(DistributionEnvelope, document, parseDistribution) ??
    tryParse(HarborNotification, document, ({ type, event_data: data }) => parseHarbor(type, data)) ??
    tryParse(QuayNotification, document, parseQuay) ??
    tryParse(EcrEvent, document, parseEcr) ??
    unparsable(
      'json.Unmarshal (message data): unexpected end of JSON input: it is no notification that is known',
    )
  );
}

function tryParse<T>(
  schema: z.ZodType<T>,
  document: unknown,
  parse: (value: T) => ParsedMessage,
): ParsedMessage | undefined {
  const result = schema.safeParse(document);
  return result.success ? parse(result.data) : undefined;
}

function parseWith<T>(
  schema: z.ZodType<T>,
  document: unknown,
  parse: (value: T) => ParsedMessage,
): ParsedMessage {
  return tryParse(schema, document, parse) ?? unparsable('the data of the CloudEvent has an unknown form');
}

function dataOf({ data, data_base64: encoded }: z.infer<typeof CloudEvent>): unknown {
  return encoded === undefined ? data : documentIn(Buffer.from(encoded, 'base64'));
}

function documentIn(bytes: Uint8Array): unknown {
  try {
    return parseJson(textOf(bytes));
  } catch {
    return undefined;
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function unparsable(why: string): ParsedMessage {
  return { kind: 'invalid', cause: 'malformed', reason: `parse failure: ${why}`, repository: '' };
}
