import { sortedBy } from '../../../base/sorted.ts';
import { UNKNOWN_SIZE } from '../../../image/oci-manifest.ts';
import type { Repository } from '../../../image/repository.ts';
import type { RepairItem, RepairReport } from '../../../report/report.ts';
import { type Piece, piecesOf } from './examination.ts';
import type { PieceOutcome } from './image-repairer.ts';
import type { Repairs } from './repair.ts';

/** Every piece to send, once for each repository, sorted. Pure. */
export function reportRepairs({ repairs, outcomes }: Repairs, confirmed: boolean): RepairReport {
  const items = new Map<Piece, RepairItem>(); // images of one repository share pieces
  for (const { image, examination } of repairs) {
    for (const piece of examination === undefined ? [] : piecesOf(examination)) {
      items.set(piece, makeItem(image.destination, piece, outcomes.get(piece)));
    }
  }
  const keyOf = ({ repository, piece, digest }: RepairItem) => `${repository} ${piece} ${digest}`;
  return { confirmed, pieces: sortedBy(items.values(), keyOf) };
}

function makeItem(repository: Repository, piece: Piece, outcome: PieceOutcome | undefined): RepairItem {
  const { kind, digest, condition, from = null } = piece;
  const size = piece.kind === 'blob' && piece.blob.size !== UNKNOWN_SIZE ? piece.blob.size : null;
  return {
    repository,
    piece: kind,
    digest,
    size,
    condition,
    from,
    outcome: outcome?.result ?? 'not-attempted',
    reason: reasonOf(piece, outcome),
  };
}

function reasonOf(piece: Piece, outcome: PieceOutcome | undefined): string {
  if (outcome?.result === 'sent') return 'sent, and read back';
  if (outcome !== undefined) return outcome.reason;
  if (piece.kind === 'manifest' && piece.isBlocked) return 'its content cannot be repaired';
  return piece.from === undefined ? 'neither a source nor another destination has it' : 'would be sent';
}
