/** Parses JSON. A field that is null counts as absent, as in Go. Throws an error if the text is invalid or nested too deeply. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (name, value: unknown) => (name === '' ? value : (value ?? undefined)));
}

/** Why a text is not JSON, as short as Go puts it: node's own words repeat the text, and differ between versions. */
export function describeJsonFault(text: string): string {
  try {
    JSON.parse(text);
    return 'unknown kind of notification';
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const position = /position (\d+)/.exec(message)?.[1];
    const token = /^Unexpected token '?(.)/u.exec(message)?.[1];
    const character = token ?? (position === undefined ? '' : text.charAt(Number(position)));
    return character === ''
      ? 'unexpected end of JSON input'
      : `invalid character ${JSON.stringify(character)}`;
  }
}
