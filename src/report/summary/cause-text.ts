import { countOf } from '../../base/text.ts';
import { isOfWholeHost } from '../causes.ts';
import type { ReportCause } from '../envelope.ts';

const WORDS: Readonly<Record<ReportCause['kind'], string>> = {
  unreachable: 'no answer',
  throttled: 'rate limited',
  unavailable: 'server error',
  credentials: 'login failed',
  right: 'access denied',
  configuration: 'configuration error',
  refused: 'request refused',
  unexpected: 'unexpected answer',
};

/** The line of a cause: host, identity, edges, error and advice. */
export function causeText(cause: ReportCause): {
  readonly word: string;
  readonly text: string;
} {
  const { kind, host, identity, edges, message, advice } = cause;
  const as = identity === null ? '' : ` as ${identity}`;
  const word = kind === 'credentials' && identity === null ? 'not logged in' : WORDS[kind];
  return { word, text: `at ${host}${as}, ${countOf(edges, 'edge')}${named(cause)}: ${message}; ${advice}` };
}

const NAMED = 3;

/** The repositories of a cause, unless it is one of the whole host. That of a single edge is always named. */
function named(cause: ReportCause): string {
  const { repositories, edges } = cause;
  if (isOfWholeHost(cause) && edges > 1) return '';
  const more = repositories.length > NAMED ? ', …' : '';
  return ` of ${repositories.slice(0, NAMED).join(', ')}${more}`;
}
