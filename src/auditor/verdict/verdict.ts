import type { RegistryEvent } from '../events/registry-event.ts';

/** Why a change is rejected: alerts are told apart by it. */
export type RejectionCause =
  /** The message cannot be understood. */
  | 'malformed'
  | 'deletion'
  /** The repository belongs to no destination of the manifests. */
  | 'unknown-repository'
  /** The digest is allowed, or belongs to an allowed index, and the tag is not. */
  | 'tag'
  /** No manifest leads to the digest. */
  | 'digest';

/** The judgement on one change. `text` continues `TRANSACTION VERIFIED: ` and its like. */
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
/** Characters of foreign text in a verdict. */
const MAX_TEXT = 4_000;

/** The verdict in the words of the original auditor. */
export function formatVerdict({ kind, text, commit }: Verdict, id: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  const source = commit === undefined ? '' : ` (commit ${commit})`;
  return `(${id}) TRANSACTION ${WORDS[kind]}: ${cut}${source}`;
}
