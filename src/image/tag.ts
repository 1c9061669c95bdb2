declare const brand: unique symbol;

/**
 * A tag: made only by `parseTag`.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export type Tag = string & { readonly [brand]: 'tag' };

const GRAMMAR = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** The tag that a text is, or undefined: a word character, then up to 127 of word characters, dots and dashes. */
export function parseTag(text: string): Tag | undefined {
  return GRAMMAR.test(text) ? (text as Tag) : undefined;
}
