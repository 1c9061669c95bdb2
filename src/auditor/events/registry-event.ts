/** One change in a registry. The fields are untrusted text: they are compared, never used as they are. */
export interface RegistryEvent {
  readonly action: 'insert' | 'delete';
  /** The full path of the repository. */
  readonly repository: string;
  /** Empty if the notification has none. */
  readonly digest: string;
  /** Empty if the notification has none. */
  readonly tag: string;
  /** Set if the sender reports all repositories of a registry: changes in source registries are then ignored. */
  readonly isWholeRegistry: boolean;
  /** Set if the sender never reports digests: the digest is read from the registry. */
  readonly lacksDigest?: true;
}

/** The content of one request. */
export type ParsedMessage =
  /** No events for other notifications: a pull, a blob, a scan. */
  | { readonly kind: 'events'; readonly events: readonly RegistryEvent[] }
  /** Invalid at every delivery. `reason` is the end of its verdict. */
  | {
      readonly kind: 'invalid';
      readonly cause: 'malformed' | 'deletion';
      readonly reason: string;
      readonly repository: string;
    };

export function eventsOf(...events: readonly RegistryEvent[]): ParsedMessage {
  return { kind: 'events', events };
}

/** The change as the original auditor prints it. */
export function formatPayload(
  event: Pick<RegistryEvent, 'action' | 'repository' | 'digest' | 'tag'>,
): string {
  const { action, repository, digest, tag } = event;
  return formatFields({
    Action: action.toUpperCase(),
    FQIN: digest === '' ? '' : `${repository}@${digest}`,
    PQIN: tag === '' ? '' : `${repository}:${tag}`,
    Path: repository,
    Digest: digest,
    Tag: tag,
  });
}

/** Fields in braces with quoted values, as Go prints a struct. */
export function formatFields(fields: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `{${pairs.join(', ')}}`;
}

/** Splits `host[:port]/path:tag`, `host[:port]/path@digest` or a repository alone. */
export function splitReference(text: string): {
  readonly repository: string;
  readonly digest: string;
  readonly tag: string;
} {
  const [name, digest] = splitAtLast(text, '@');
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  return {
    repository: hasTag ? name.slice(0, colon) : name,
    digest,
    tag: hasTag ? name.slice(colon + 1) : '',
  };
}

function splitAtLast(text: string, separator: string): readonly [string, string] {
  const at = text.lastIndexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
