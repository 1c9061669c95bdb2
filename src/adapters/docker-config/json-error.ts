/**
 * The offset of the first JSON error in a text; its length for a missing end, undefined for valid JSON. The messages of
 * the parser do not always have the offset, and quote the text, which may hold secrets.
 */
export function findJsonError(text: string): number | undefined {
  if (isJson(text)) return undefined;
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isBeginning(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function isJson(text: string): boolean {
  return faultOf(text) === undefined;
}

/** True for a text that is valid so far: the parser finds no error before its end. */
function isBeginning(text: string): boolean {
  const fault = faultOf(text);
  if (fault === undefined || /^(?:Unexpected end|Unterminated string)/.test(fault)) return true;
  const [, position] = /at position (\d+)/.exec(fault) ?? [];
  return Number(position) >= text.length;
}

function faultOf(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
