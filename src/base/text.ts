const MAX_QUOTED_CHARACTERS = 200;

/** C0, DEL, C1, line separators and bidirectional controls: characters that could forge or hide a line. */
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- it matches control characters on purpose
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A user's text in double quotes, on one line, without control characters or passwords, cut at 200 characters. */
export function quote(text: string): string {
  const masked = maskPasswords(text.slice(0, MAX_MASKED_CHARACTERS));
  const cut = masked.length > MAX_QUOTED_CHARACTERS ? `${masked.slice(0, MAX_QUOTED_CHARACTERS)}…` : masked;
  return JSON.stringify(cut).replace(UNPRINTABLE, escapeCharacter);
}

/** Enough to see the end of a password that is cut through. */
const MAX_MASKED_CHARACTERS = 2_000;

/**
 * Replaces each character of a password in `user:password@host` by an asterisk. A tag before a digest
 * (`app:v1@sha256:…`) is no password.
 */
export function maskPasswords(text: string): string {
  return text.includes('@') ? text.replace(/[^\s"']+/g, maskWord) : text;
}

/** The parts of a signer (`sigstore::ISSUER::IDENTITY`) are apart from each other: an identity with an `@` is no host. */
function maskWord(word: string): string {
  return SIGNER.test(word) ? word.split('::').map(maskPassword).join('::') : maskPassword(word);
}

const SIGNER = /^[[,]*sigstore(?:\([\w=]*\))?::/;

/** A password ends at the last `@` of its word; each character is looked at a few times, however many colons there are. */
function maskPassword(word: string): string {
  const start = (/[\w.%+/-]:(?!\/\/)/.exec(word)?.index ?? word.length) + 2;
  let end = word.lastIndexOf('@');
  while (end > start && isDigestAt(word, end)) end = word.lastIndexOf('@', end - 1);
  return end > start ? `${word.slice(0, start)}${'*'.repeat(end - start)}${word.slice(end)}` : word;
}

function isDigestAt(word: string, at: number): boolean {
  const digest = /@sha\d+:/y;
  digest.lastIndex = at;
  return digest.test(word);
}

/** A text without that character, as often as it stands at the end. */
export function trimEndOf(text: string, character: string): string {
  let end = text.length;
  while (text[end - 1] === character) end--;
  return text.slice(0, end);
}

/** Foreign text (an error body, a header) made fit for one line of a log: control characters escaped, cut. */
export function oneLine(text: string, maxCharacters = MAX_QUOTED_CHARACTERS): string {
  const flat = UNEVEN.test(text) ? text.replace(/\s+/g, ' ').trim() : text;
  const cut = flat.length > maxCharacters ? `${flat.slice(0, maxCharacters)}…` : flat;
  return cut.replace(UNPRINTABLE, escapeCharacter);
}

/** Spaces that do not stand alone between words: rare, and to look for them is cheaper than to replace none. */
const UNEVEN = /^\s|\s$|\s\s|[^\S ]/;

/** `1 edge`, `2 edges`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Names with commas between them; of more than ten the rest is a number. */
export function listSome(names: readonly string[]): string {
  const rest = names.length - MAX_LISTED;
  const listed = names.slice(0, MAX_LISTED).join(', ');
  return rest > 0 ? `${listed} and ${rest} more` : listed;
}

const MAX_LISTED = 10;

/**
 * Text of several lines, fit for a terminal and with lines of its own only where it has line feeds. JSON means the same
 * afterwards: `JSON.stringify` leaves many control characters as they are.
 */
export function escapeLines(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    character === '\n' ? character : escapeCharacter(character),
  );
}

/** Text on one line that is otherwise as it was: the name of a file, say. */
export function escapeControls(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter);
}

/** Text on one line for a table of Markdown, read there as it stands: it becomes no emphasis, HTML, link, image, mention or issue. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\|*_`~]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('](', ']\\(')
    .replace(/(?<![A-Za-z0-9])@(?=[\w\\])/g, '@<!-- -->')
    .replace(/(?<!&amp;)#(?=\d)/g, '#<!-- -->');
}

/**
 * Text on one line for a `<code>` element in Markdown, where mentions and issues mean nothing. Character references cannot
 * end the code, as backticks in the text could.
 */
export function escapeCode(text: string): string {
  return text.replace(MARKUP, (character) => `&#${character.charCodeAt(0)};`);
}

/** Characters that mean something in Markdown or HTML, and the colon of a URL, which would become a link. */
const MARKUP = /[#$&*<>@[\\\]_`|~]|:(?=\/\/)/g;

function escapeCharacter(character: string): string {
  if (character === '\t') return '\\t';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Beyond this a text is no typing error, and comparing it takes long. */
const MAX_COMPARED_CHARACTERS = 100;

/** The candidate that is a typing error away from `word`: at most a third of its characters. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_COMPARED_CHARACTERS) return undefined;
  const candidate = closest(word, candidates);
  if (candidate === undefined) return undefined;
  const allowed = Math.max(1, Math.floor(word.length / 3));
  return editDistance(word, candidate) <= allowed ? candidate : undefined;
}

/** The candidate that is most like `word`: one that it begins, else by Levenshtein distance. */
function closest(word: string, candidates: Iterable<string>): string | undefined {
  const all = Array.from(candidates);
  const begun = all.filter((candidate) => word !== '' && candidate.startsWith(word));
  const distances = (begun.length > 0 ? begun : all).map((candidate) => ({
    candidate,
    distance: editDistance(word, candidate),
  }));
  return distances.toSorted((a, b) => a.distance - b.distance)[0]?.candidate;
}

/** Levenshtein distance: insertions, deletions and substitutions that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substituted));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/**
 * True for the email address of an account. It becomes a part of a URL and an argument of gcloud, so it is letters,
 * digits and a few marks, and never begins with a dash.
 */
export function isEmailAddress(text: string): boolean {
  return EMAIL.test(text);
}

const EMAIL = /^\w[\w.+-]*@\w[\w-]*(?:\.\w[\w-]*)*$/;

/** Whether a text matches a glob: `*` is any text, `?` any one character. Takes a time of their lengths multiplied. */
export function matchesGlob(glob: string, text: string): boolean {
  let [g, t] = [0, 0];
  let star: { readonly glob: number; text: number } | undefined;
  while (t < text.length) {
    if (glob[g] === '*') {
      star = { glob: g, text: t };
      g += 1;
    } else if (glob[g] === '?' || glob[g] === text[t]) {
      g += 1;
      t += 1;
    } else if (star !== undefined) {
      star.text += 1; // the last star takes one character more
      g = star.glob + 1;
      t = star.text;
    } else return false;
  }
  while (glob[g] === '*') g += 1;
  return g === glob.length;
}
