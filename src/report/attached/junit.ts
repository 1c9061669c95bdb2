import { SaxesParser } from 'saxes';
import { messageOf } from '../../base/errors.ts';

/** One test of a JUnit file. */
export interface TestCase {
  /** The names of its suites, outermost first. */
  readonly suites: readonly string[];
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** The first line of the message of a failed test. */
  readonly message: string;
  /** Every text that may name an image: names, class names and values of properties. */
  readonly texts: readonly string[];
}

/**
 * The tests of a JUnit XML file. Throws an `Error` with line and column for a text that is not well-formed XML or not a
 * JUnit file. Document types and custom entities are not supported.
 *
 * @see https://github.com/testmoapp/junitxml
 */
export function parseJunit(text: string): readonly TestCase[] {
  const reader = new JunitReader();
  const parser = new SaxesParser();
  const at = () => `line ${parser.line}, column ${parser.column + 1}`;
  parser.on('error', (error) => {
    throw new Error(`not well-formed XML: ${messageOf(error).replace(/^\d+:\d+: /, '')} (${at()})`);
  });
  parser.on('doctype', () => {
    throw new Error(`a document type is not supported (${at()})`);
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (!reader.isJunit(name))
      throw new Error(`not a JUnit file: the root element is <${name}>, expected <testsuites>`);
    reader.open(name, attributes);
  });
  parser.on('text', (piece) => reader.text(piece));
  parser.on('cdata', (piece) => reader.text(piece));
  parser.on('closetag', ({ name }) => reader.close(name));
  parser.write(text).close();
  return reader.tests;
}

type Attributes = Readonly<Record<string, string>>;

interface OpenSuite {
  readonly name: string;
  readonly texts: string[];
}

interface OpenCase extends OpenSuite {
  outcome: TestCase['outcome'];
  message: string;
}

/** Nested suites. Every test has the texts of all its suites. */
const MAX_DEPTH = 50;

class JunitReader {
  readonly tests: TestCase[] = [];
  readonly #suites: OpenSuite[] = [];
  #case: OpenCase | undefined;
  #isAtRoot = true;
  /** The text of the open element, if it is used. */
  #text: string | undefined;

  isJunit(name: string): boolean {
    return !this.#isAtRoot || name === 'testsuites' || name === 'testsuite';
  }

  open(name: string, attributes: Attributes): void {
    this.#isAtRoot = false;
    switch (name) {
      case 'testsuite':
        if (this.#suites.length === MAX_DEPTH)
          throw new Error(`suites are nested more than ${MAX_DEPTH} levels deep`);
        this.#suites.push({ name: attributes['name'] ?? '', texts: [attributes['name'] ?? ''] });
        break;
      case 'testcase': {
        const { name: title = '', classname = '' } = attributes;
        this.#case = { name: title, texts: [title, classname], outcome: 'passed', message: '' };
        break;
      }
      case 'property':
        (this.#case ?? this.#suites.at(-1))?.texts.push(attributes['value'] ?? '');
        this.#text = '';
        break;
      case 'failure':
      case 'error':
      case 'skipped':
        if (this.#case !== undefined && this.#case.outcome !== 'failed') {
          this.#case.outcome = name === 'skipped' ? 'skipped' : 'failed';
          this.#case.message = attributes['message'] ?? '';
        }
        this.#text = '';
        break;
    }
  }

  text(piece: string): void {
    if (this.#text !== undefined) this.#text += piece;
  }

  close(name: string): void {
    const text = this.#text?.trim() ?? '';
    if (name === 'property') (this.#case ?? this.#suites.at(-1))?.texts.push(text);
    if ((name === 'failure' || name === 'error') && this.#case?.message === '') this.#case.message = text;
    this.#text = undefined;
    if (name === 'testsuite') this.#suites.pop();
    if (name === 'testcase') this.#endCase();
  }

  #endCase(): void {
    if (this.#case === undefined) return;
    const { name, outcome, message, texts } = this.#case;
    this.tests.push({
      suites: this.#suites.map((suite) => suite.name),
      name,
      outcome,
      message:
        message
          .trim()
          .split(/[\r\n]/, 1)[0]
          ?.trim() ?? '',
      texts: [...texts, ...this.#suites.flatMap((suite) => suite.texts)],
    });
    this.#case = undefined;
  }
}
