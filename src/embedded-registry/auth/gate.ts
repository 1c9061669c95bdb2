import type { Call } from '../call.ts';
import type { Reply } from '../reply.ts';

/** Lets requests pass or not. */
export interface Authorizer {
  /** Throws `UNAUTHORIZED` with a challenge. */
  admit(call: Call): void;
  /** Answers `/token`: where there are no tokens, 404. */
  issue(call: Call): Promise<Reply>;
}
