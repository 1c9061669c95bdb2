import type { RegistryEvent } from '../events/registry-event.ts';

/** Why a change is rejected. Alerts are grouped by it. */
export type RejectionCause =
  /** The message is invalid. */
  | 'malformed'
  | 'deletion'
  /** The repository is below no destination of the manifests. */
  | 'unknown-repository'
  /** The digest is allowed, or the manifests have the tag on another digest. */
  | 'tag'
  /** No manifest leads to the digest. */
  | 'digest';

/** The verdict on one change. `text` follows `TRANSACTION VERIFIED: ` or its like. */
export type Verdict = Readonly<Pick<RegistryEvent, 'repository'>> & {
  readonly text: string;
  /** One line for logs and alerts. */
  readonly reason: string;
  /** The commit of the manifests; undefined where they come from a directory, or were not needed. */
  readonly commit: string | undefined;
} & (
    | { readonly kind: 'verified' }
    | { readonly kind: 'rejected'; readonly cause: RejectionCause }
    /** A write to a source registry, which no manifest limits. */
    | { readonly kind: 'ignored' }
  );

const WORDS = { verified: 'VERIFIED', rejected: 'REJECTED', ignored: 'IGNORED' } as const;
/** Maximum characters of text from a message. */
const MAX_TEXT = 4_000;

/** The verdict in the format of the original auditor. */
export function formatVerdict({ kind, text, commit }: Verdict, id: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  const source = commit === undefined ? '' : ` (commit ${commit})`;
  return `(${id}) TRANSACTION ${WORDS[kind]}: ${cut}${source}`;
}
