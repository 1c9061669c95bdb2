import { createInterface } from 'node:readline';
import { untilAborted } from '../../base/concurrency.ts';
import { InputError } from '../flags/usage-error.ts';

/** Asks questions that are answered by yes or no. */
export interface Prompter {
  /** An empty answer is yes. Throws an `InputError` after ten other answers, and at the end of the input. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly close: () => void;
}

export interface PrompterStreams {
  readonly input: NodeJS.ReadableStream;
  readonly print: (text: string) => void;
  readonly signal: AbortSignal;
}

const ATTEMPTS = 10;

/** One for all questions of a run: lines that are read ahead are answers to the next ones. */
export function createPrompter({ input, print, signal }: PrompterStreams): Prompter {
  const reader = createInterface({ input, terminal: false });
  const lines = reader[Symbol.asyncIterator]();
  return {
    confirm: async (question) => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        print(`${question} (Y/n) `);
        const { value, done } = await untilAborted(lines.next(), signal);
        if (done) throw new InputError(`no answer to "${question}": the input has ended`);
        const answer = value.trim();
        if (/^(?:|y|yes)$/i.test(answer)) return true;
        if (/^(?:n|no)$/i.test(answer)) return false;
      }
      throw new InputError(`no answer to "${question}" after ${ATTEMPTS} attempts: answer y or n`);
    },
    close: () => {
      reader.close();
    },
  };
}
