import { maskPasswords, oneLine } from '../../base/text.ts';

/** Characters of an untrusted text. */
const MAX_CHARACTERS = 300;

/** An untrusted text on one line, without control characters. A shortened text ends with its length. */
export function shorten(text: string): string {
  const line = oneLine(text, MAX_CHARACTERS);
  return text.length > MAX_CHARACTERS ? `${line} (${text.length} characters)` : line;
}

/** Printed in place of a secret. */
export const HIDDEN = '(not shown)';

const SECRET_NAME = /TOKEN|PASS|PWD|SECRET|KEY|CRED|AUTH(?!OR)|PRIVATE|SIGNATURE/i;
/** `--password=x`, `API_KEY=x` */
const ASSIGNMENT = /(?<![\w-])([\w-]+)=[^"\s]+/g;

/** Characters of a value that are searched for secrets. The rest is not printed. */
const MAX_SEARCHED = 2_000;

/** The value of a field without secrets. A variable or label with the name of a secret has no value. */
export function hideSecrets(field: string, value: string): string {
  const name = /^(?:env|label) ([\s\S]*)$/.exec(field)?.[1];
  if (name !== undefined && SECRET_NAME.test(name)) return HIDDEN;
  const shown = maskPasswords(value.length > MAX_SEARCHED ? `${value.slice(0, MAX_SEARCHED)}…` : value);
  return name === undefined ? hideArguments(shown) : shown;
}

/** A JSON list of arguments without the secrets in `API_KEY=x` and `--token x`. */
function hideArguments(list: string): string {
  const parts = list.split('"');
  const shown = parts.map((part, index) => {
    const before = parts[index - 2] ?? '';
    if (index % 2 === 1 && /^[\w-]+$/.test(before) && SECRET_NAME.test(before)) return HIDDEN;
    return part.replace(ASSIGNMENT, (argument, key: string) =>
      SECRET_NAME.test(key) ? `${key}=${HIDDEN}` : argument,
    );
  });
  return shown.join('"');
}
