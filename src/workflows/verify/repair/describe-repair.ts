import { UNKNOWN_SIZE } from '../../../image/oci-manifest.ts';
import type { Flaw } from '../observation.ts';
import type { Piece } from './examination.ts';
import type { PieceOutcome } from './image-repairer.ts';

/** Number of failed pieces that a reason names; the report has all of them. */
const NAMED = 3;

/** The flaw of an image in a dry run, with the pieces that a repair would send. */
export function describePlan({ reason }: Flaw, pieces: readonly Piece[]): Flaw {
  const nowhere = pieces.filter(({ from }) => from === undefined);
  const plan =
    nowhere.length === 0
      ? `-confirm would send ${countPieces(pieces)}`
      : `not repairable: neither a source nor another destination has ${nameFew(nowhere.map(nameOf), ', ')}`;
  return { kind: 'incomplete', reason: `${reason}; ${plan}` };
}

/** The flaw of an image after its pieces were sent, or its repair. */
export function describeOutcome(
  left: Flaw | undefined,
  pieces: readonly Piece[],
  outcomes: ReadonlyMap<Piece, PieceOutcome>,
): Flaw {
  const sent = pieces.filter((piece) => outcomes.get(piece)?.result === 'sent');
  if (left === undefined)
    return { kind: 'repaired', reason: `sent ${countPieces(sent)}, and read all of it back` };
  const failures = pieces.flatMap((piece) => {
    const outcome = outcomes.get(piece);
    return outcome?.result === 'failed' ? [`${nameOf(piece)}: ${outcome.reason}`] : [];
  });
  const why = failures.length === 0 ? 'the run was stopped before' : nameFew(failures, '; ');
  const done = sent.length === 0 ? '' : ` (${countPieces(sent)} sent)`;
  return { kind: 'incomplete', reason: `${left.reason}; not repaired${done}: ${why}` };
}

function nameOf(piece: Piece): string {
  if (piece.kind === 'manifest') return `manifest ${piece.digest}`;
  const { size } = piece.blob;
  return size === UNKNOWN_SIZE ? `blob ${piece.digest}` : `blob ${piece.digest} of ${size} bytes`;
}

function countPieces(pieces: readonly Piece[]): string {
  const blobs = pieces.filter(({ kind }) => kind === 'blob').length;
  const counts = [plural(blobs, 'blob'), plural(pieces.length - blobs, 'manifest')];
  return counts.filter((text) => text !== undefined).join(' and ') || 'nothing';
}

function plural(count: number, noun: string): string | undefined {
  return count === 0 ? undefined : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function nameFew(texts: readonly string[], separator: string): string {
  const more = texts.length > NAMED ? `, and ${texts.length - NAMED} more` : '';
  return `${texts.slice(0, NAMED).join(separator)}${more}`;
}
