import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';
import { assertNever, messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import type { SourceFile } from '../source-file.ts';
import { Anchors, mergeEntries, type SizedNode } from './yaml-aliases.ts';
import { NULLS, type YamlEntry, type YamlNode, type YamlScalar } from './yaml-tree.ts';

/** The accepted tags: those that repeat the kind of their node. */
const TAGS = {
  text: namesOfTag('str'),
  null: namesOfTag('null'),
  list: namesOfTag('seq'),
  map: namesOfTag('map'),
} as const;

function namesOfTag(name: string): ReadonlySet<string> {
  return new Set([`!!${name}`, `!<tag:yaml.org,2002:${name}>`]);
}

/**
 * The first document of a file: an empty scalar for an empty file or comments alone. Undefined if the file is not YAML,
 * or has more than text, lists and maps: then `yaml` problems were reported to the file.
 */
export function parseYaml(source: SourceFile): YamlNode | undefined {
  if (source.problems.length > 0) return undefined; // an unreadable file was reported already
  const events = eventsOf(source);
  if (events === undefined) return undefined;
  const root = new TreeBuilder(source).build(events);
  if (source.problems.length > 0) return undefined;
  const end = endOfFirstDocument(source.text);
  const more = contentAt(source.text.slice(end));
  if (more !== undefined) source.warn({ rule: 'second-document', message: SECOND_DOCUMENT }, end + more);
  return root;
}

const SECOND_DOCUMENT =
  'everything from here on is ignored: a file is one YAML document, and here is a second one; put it into another file';

/** The offset of the first line that is more than blank, a comment, a directive or a bare marker. */
export function contentAt(text: string): number | undefined {
  return /^(?!%|(?:---|\.\.\.)?[ \t]*(?:#.*)?$)./m.exec(text)?.index;
}

function eventsOf(source: SourceFile): Event[] | undefined {
  try {
    return parseEvents(source.text.slice(0, endOfFirstDocument(source.text)), {});
  } catch (error) {
    const at = error instanceof YAMLException ? (error.mark?.position ?? 0) : 0;
    const reason = error instanceof YAMLException ? error.reason : messageOf(error);
    source.report({ rule: 'yaml', message: `not valid YAML: ${reason}` }, Math.min(at, source.text.length));
    return undefined;
  }
}

/** The offset behind the first document. The rest is not read, so it may be broken. */
function endOfFirstDocument(text: string): number {
  let started = false;
  for (const marker of text.matchAll(/^(?:---|\.\.\.)(?=\s|$)/gm)) {
    const opens = !started && marker[0] === '---' && isPreamble(text.slice(0, marker.index));
    if (!opens) return marker.index;
    started = true;
  }
  return text.length;
}

/** Blank lines, comments and directives may precede the `---` of the first document. */
function isPreamble(text: string): boolean {
  return text.split(/[\r\n]+/).every((line) => /^\s*(?:$|#)|^%/.test(line));
}

interface OpenNode {
  readonly kind: 'list' | 'map';
  readonly at: number;
  readonly anchor: string | undefined;
  readonly items: YamlNode[];
  readonly entries: YamlEntry[];
  key: YamlScalar | undefined;
  size: number;
}

/** Turns the flat stream of events into a tree. Aliases share the node they stand for. */
class TreeBuilder {
  readonly #source: SourceFile;
  readonly #anchors = new Anchors();
  readonly #open: OpenNode[] = [];
  #root: YamlNode | undefined;
  /** The end of the last text: the place of a missing one. */
  #end = 0;

  constructor(source: SourceFile) {
    this.#source = source;
  }

  build(events: readonly Event[]): YamlNode {
    for (const event of events) {
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          break;
        case EVENT_ID.SEQUENCE:
        case EVENT_ID.MAPPING:
          this.#begin(event);
          break;
        case EVENT_ID.SCALAR:
          this.#scalar(event);
          break;
        case EVENT_ID.ALIAS:
          this.#alias(event);
          break;
        case EVENT_ID.POP:
          this.#finish();
          break;
      }
    }
    return this.#root ?? { kind: 'scalar', value: '', plain: true, at: 0 };
  }

  #begin(event: Extract<Event, { start: number }>): void {
    const kind = event.type === EVENT_ID.SEQUENCE ? 'list' : 'map';
    if (event.tagStart !== -1 && !TAGS[kind].has(this.#tagOf(event))) this.#refuseTag(event);
    const anchor = this.#anchorOf(event);
    if (anchor !== undefined) this.#anchors.open(anchor);
    this.#end = event.start;
    this.#open.push({ kind, at: event.start, anchor, items: [], entries: [], key: undefined, size: 1 });
  }

  #finish(): void {
    const open = this.#open.pop();
    if (open === undefined) return; // the end of the document
    const sized = { node: this.#close(open), size: open.size };
    if (open.anchor !== undefined) this.#anchors.define(open.anchor, sized);
    this.#add(sized);
  }

  #close({ kind, at, items, entries }: OpenNode): YamlNode {
    if (kind === 'list') return { kind, items, at };
    return { kind, entries: mergeEntries(entries, (message, offset) => this.#fault(offset, message)), at };
  }

  #scalar(event: Extract<Event, { valueStart: number }>): void {
    const value = getScalarValue(this.#source.text, event);
    const tag = event.tagStart === -1 ? undefined : this.#tagOf(event);
    const isPlain = event.style === SCALAR_STYLE.PLAIN;
    const saysNull = tag !== undefined && isPlain && NULLS.has(value) && TAGS.null.has(tag);
    if (tag !== undefined && !saysNull && !TAGS.text.has(tag)) this.#refuseTag(event);
    const plain = isPlain && (tag === undefined || saysNull);
    const at = this.#offsetOf(event);
    this.#end = Math.max(event.valueEnd, event.tagEnd, event.anchorEnd, this.#end);
    const sized: SizedNode = { node: { kind: 'scalar', value, plain, at }, size: 1 };
    const anchor = this.#anchorOf(event);
    if (anchor !== undefined) this.#anchors.define(anchor, sized);
    this.#add(sized);
  }

  #alias(event: Extract<Event, { type: typeof EVENT_ID.ALIAS }>): void {
    const at = event.anchorStart - 1;
    this.#end = event.anchorEnd;
    const lookup = this.#anchors.lookUp(this.#source.text.slice(event.anchorStart, event.anchorEnd));
    if ('found' in lookup) return this.#add(lookup.found);
    if (lookup.fault !== undefined) this.#fault(at, lookup.fault);
    this.#add({ node: { kind: 'scalar', value: '', plain: true, at }, size: 1 });
  }

  #add({ node, size }: SizedNode): void {
    const parent = this.#open.at(-1);
    if (parent === undefined) {
      this.#root = node;
      return;
    }
    parent.size += size;
    if (parent.kind === 'list') {
      parent.items.push(node);
    } else if (parent.key === undefined) {
      parent.key = this.#keyOf(node);
    } else {
      parent.entries.push({ key: parent.key, value: node });
      parent.key = undefined;
    }
  }

  #keyOf(node: YamlNode): YamlScalar {
    if (node.kind === 'scalar') return node;
    this.#fault(node.at, `the key of a map has to be text, not a ${node.kind}`);
    return { kind: 'scalar', value: '', plain: true, at: node.at };
  }

  /** The place of a scalar. One without text is at its key or, in a list, at its dash. */
  #offsetOf(event: Extract<Event, { valueStart: number }>): number {
    if (event.valueStart !== -1) return startOfText(this.#source.text, event);
    if (event.tagStart !== -1) return event.tagStart;
    if (event.anchorStart !== -1) return event.anchorStart - 1;
    const key = this.#open.at(-1)?.key;
    return key === undefined ? nextDash(this.#source.text, this.#end) : key.at;
  }

  #anchorOf(event: { anchorStart: number; anchorEnd: number }): string | undefined {
    if (event.anchorStart === -1) return undefined;
    return this.#source.text.slice(event.anchorStart, event.anchorEnd);
  }

  #tagOf(event: { tagStart: number; tagEnd: number }): string {
    return this.#source.text.slice(event.tagStart, event.tagEnd);
  }

  #refuseTag(event: { tagStart: number; tagEnd: number }): void {
    const tag = quote(this.#tagOf(event));
    this.#fault(event.tagStart, `the YAML tag ${tag} is not supported: leave it out`);
  }

  #fault(offset: number, message: string): void {
    this.#source.report({ rule: 'yaml', message }, offset);
  }
}

function startOfText(text: string, event: Extract<Event, { valueStart: number }>): number {
  switch (event.style) {
    case SCALAR_STYLE.PLAIN:
      return event.valueStart;
    case SCALAR_STYLE.SINGLE_QUOTED:
    case SCALAR_STYLE.DOUBLE_QUOTED:
      return event.valueStart - 1;
    case SCALAR_STYLE.LITERAL_BLOCK:
    case SCALAR_STYLE.FOLDED_BLOCK:
      return afterAny(BLANK, text, event.valueStart);
    default:
      return assertNever(event.style);
  }
}

/** The offset of the next dash or other text, past blanks, comments and the end of the previous node. */
function nextDash(text: string, offset: number): number {
  let next = afterAny(BETWEEN_NODES, text, offset);
  while (text[next] === '#') next = afterAny(BETWEEN_NODES, text, endOfLine(text, next));
  return next < text.length ? next : offset;
}

const BLANK = ' \t\r\n';
const BETWEEN_NODES = `${BLANK}]}:,'"`;

function afterAny(characters: string, text: string, offset: number): number {
  let next = offset;
  while (next < text.length && characters.includes(text.charAt(next))) next++;
  return next;
}

function endOfLine(text: string, offset: number): number {
  const lineBreak = /[\r\n]|$/g;
  lineBreak.lastIndex = offset;
  return lineBreak.exec(text)?.index ?? text.length;
}
