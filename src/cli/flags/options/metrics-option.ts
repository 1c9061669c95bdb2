import { quote } from '../../../base/text.ts';
import { UsageError } from '../usage-error.ts';

/** Where the metrics of a run go. */
export type MetricsTarget =
  /** Written when the run ends. */
  | { readonly kind: 'file'; readonly path: string }
  /** Served while the run lasts. */
  | { readonly kind: 'address'; readonly host: string; readonly port: number };

const LOOPBACK = '127.0.0.1';
const MAX_PORT = 65_535;

/** `HOST:PORT`, `[IPv6]:PORT` or `:PORT`; anything with a slash is a file. */
const ADDRESS = /^(?:\[([\da-f:.]+)\]|([^\s/:[\]]*)):(\d+)$/i;

/** The target of `-metrics`. Throws a `UsageError` for a value that could be either. */
export function metricsTargetOf(text: string | undefined): MetricsTarget | undefined {
  if (text === undefined) return undefined;
  const [, ip, name, port] = ADDRESS.exec(text) ?? [];
  if (port === undefined) return { kind: 'file', path: checkPath(text) };
  if (Number(port) > MAX_PORT)
    throw new UsageError(`-metrics: ${port} is no port: the largest is ${MAX_PORT}`);
  return { kind: 'address', host: ip || name || LOOPBACK, port: Number(port) };
}

function checkPath(text: string): string {
  if (text === '-') throw new UsageError('-metrics is a file or HOST:PORT; for stdout write /dev/stdout');
  if (/^\d+$/.test(text)) {
    throw new UsageError(`-metrics=${text} is unclear: write :${text} for a port, or ./${text} for a file`);
  }
  if (/^[a-z]+:\/\//i.test(text)) {
    throw new UsageError(`-metrics is a file or HOST:PORT, without a scheme and a path, not ${quote(text)}`);
  }
  return text;
}
