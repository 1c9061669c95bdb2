import { z } from 'zod';
import { describeJsonFault, parseJson } from './json-fault.ts';
import { parseGooglePayload } from './google-payload.ts';
import type { ParsedMessage } from './registry-event.ts';

/**
 * The envelope of a push subscription; Eventarc sends the same as the data of its events.
 *
 * @see https://cloud.google.com/pubsub/docs/push#receive_push
 */
export const PushEnvelope = z.object({
  message: z.object({ data: z.string().default('') }),
});

/** The change in the envelope of a push subscription. */
export function parsePubSub({ message }: z.infer<typeof PushEnvelope>): ParsedMessage {
  const text = Buffer.from(message.data, 'base64').toString('utf8');
  try {
    return parseGooglePayload(parseJson(text));
  } catch {
    const reason = `parse failure: json.Unmarshal (message data): ${describeJsonFault(text)}`;
    return { kind: 'invalid', cause: 'malformed', reason, repository: '' };
  }
}
