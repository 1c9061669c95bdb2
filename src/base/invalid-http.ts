const MAX_HEADER_KIBIBYTES = 256;

/** Bytes of the headers of an answer: Artifact Registry has sent 21 KB. One header may have all but the last KiB. */
export const MAX_HEADER_BYTES = (MAX_HEADER_KIBIBYTES + 1) * 1024;

/** The fault of a response that is not HTTP, in words; undefined for any other error of undici's or node's parser. */
export function invalidityOf(error: Error): string | undefined {
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW') {
    return `the headers of its answer have more than ${MAX_HEADER_KIBIBYTES} KiB`;
  }
  const reason = reasonOf(error, code);
  return reason === undefined ? undefined : `its answer is not valid HTTP: ${reason}`;
}

/** True for the end of an answer whose headers have come: its body has another length, or the connection was closed in it. */
export function isBrokenOff(error: Error): boolean {
  const code = codeOf(error);
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return true;
  if (code === 'UND_ERR_SOCKET') return UNASKED[error.message] === undefined;
  return error.name === 'HTTPParserError' && error.message.includes('Invalid EOF state');
}

function reasonOf(error: Error, code: string | undefined): string | undefined {
  // undici names its parser's errors by a code that does not exist, so that they have none
  if (error.name === 'HTTPParserError' || code?.startsWith('HPE_') === true) return parserReason(error);
  return code === 'UND_ERR_SOCKET' ? UNASKED[error.message] : REASONS[code ?? ''];
}

const REASONS: Readonly<Record<string, string>> = {
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its Content-Length contradicts its other headers, or is no number',
  ERR_ASSERTION: 'its status makes no sense',
};

/** `Response does not match the HTTP/1.1 protocol (Invalid header token)`, or node's `Parse Error: Invalid header token`. */
function parserReason({ message }: Error): string {
  const inner = message.endsWith(')') ? message.slice(message.indexOf('(') + 1, -1) : message;
  const reason = inner.replace(/^Parse Error: /, '');
  if (reason.startsWith('Expected HTTP/')) return 'it does not begin with HTTP/';
  return reason.replace(/^[A-Z](?=[a-z]+ )/, (letter) => letter.toLowerCase());
}

/** undici's error codes for unrequested responses. */
const UNASKED: Readonly<Record<string, string>> = {
  'bad response': 'an interim status (100) that was not asked for',
  'bad upgrade': 'it switches to another protocol, which was not asked for',
};

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
