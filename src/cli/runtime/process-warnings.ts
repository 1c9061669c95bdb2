import { oneLine } from '../../base/text.ts';
import type { Log } from '../../ports/log.ts';

/** What Google's library says wherever there is no metadata server: that is no news for most machines. */
const QUIET: ReadonlySet<string> = new Set(['MetadataLookupWarning']);

/** Has node's warnings written to the log, not to stderr as they are; gives back what ends that. */
export function catchWarnings(log: Log): () => void {
  const printers = process.listeners('warning');
  const write = ({ name, message }: Error) =>
    log.write(QUIET.has(name) ? 'debug' : 'warning', 'node warns', { name, text: oneLine(message) });
  process.removeAllListeners('warning');
  process.on('warning', write);
  return () => {
    process.off('warning', write);
    for (const printer of printers) process.on('warning', printer);
  };
}
