import { countOf } from '../../base/text.ts';
import type { ReportCause } from '../envelope.ts';

const WORDS: Readonly<Record<ReportCause['kind'], string>> = {
  unreachable: 'no answer',
  unavailable: 'server error',
  credentials: 'login failed',
  right: 'access denied',
  configuration: 'configuration error',
};

/** The line of a cause: host, identity, edges, error and advice. */
export function causeText({ kind, host, identity, edges, edge, message, advice }: ReportCause): {
  readonly word: string;
  readonly text: string;
} {
  const as = identity === null ? '' : ` as ${identity}`;
  const word = kind === 'credentials' && identity === null ? 'not logged in' : WORDS[kind];
  const affected = edges === 1 ? edge : countOf(edges, 'edge');
  return { word, text: `at ${host}${as}, ${affected}: ${message}; ${advice}` };
}
