import { UNKNOWN_SIZE } from '../../../image/oci-manifest.ts';
import type { Flaw } from '../sight.ts';
import type { Piece } from './examination.ts';
import type { PieceOutcome } from './mender.ts';

/** Of pieces so many are named; the report has all of them. */
const NAMED = 3;

/** The flaw of an image in a dry run, with what would be sent for it. */
export function describePlan(flaw: Flaw, pieces: readonly Piece[]): Flaw {
  const nowhere = pieces.filter(({ from }) => from === undefined);
  const plan =
    nowhere.length === 0
      ? `-confirm would send ${nameAll(pieces)}`
      : `it cannot be repaired: no source has ${nameAll(nowhere)}, nor another destination`;
  return { ...flaw, reason: `${flaw.reason}; ${plan}` };
}

/** What is wrong with an image after its pieces have been sent, or that nothing is any more. */
export function describeOutcome(
  left: Flaw | undefined,
  pieces: readonly Piece[],
  outcomes: ReadonlyMap<Piece, PieceOutcome>,
): Flaw {
  const sent = pieces.filter((piece) => outcomes.get(piece)?.result === 'sent');
  if (left === undefined) return { kind: 'repaired', reason: `repaired: sent ${nameAll(sent)}` };
  const failures = pieces.flatMap((piece) => {
    const outcome = outcomes.get(piece);
    return outcome?.result === 'failed' ? [`${nameOf(piece)}: ${outcome.reason}`] : [];
  });
  const why = failures.length === 0 ? 'the run was stopped before' : cut(failures, '; ');
  const done = sent.length === 0 ? '' : ` (sent ${nameAll(sent)})`;
  return { ...left, reason: `${left.reason}; not repaired: ${why}${done}` };
}

/** `blob sha256:… of 12 bytes`, or `manifest sha256:…`. */
export function nameOf(piece: Piece): string {
  if (piece.kind === 'manifest') return `manifest ${piece.digest}`;
  const { size } = piece.blob;
  return size === UNKNOWN_SIZE ? `blob ${piece.digest}` : `blob ${piece.digest} of ${size} bytes`;
}

function nameAll(pieces: readonly Piece[]): string {
  return cut(pieces.map(nameOf), ', ');
}

function cut(texts: readonly string[], separator: string): string {
  const more = texts.length > NAMED ? `, and ${texts.length - NAMED} more` : '';
  return `${texts.slice(0, NAMED).join(separator)}${more}`;
}
