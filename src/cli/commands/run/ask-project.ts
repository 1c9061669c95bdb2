import { createInterface } from 'node:readline/promises';
import { trimEndOf } from '../../../base/text.ts';
import {
  checkProject,
  checkRegistry,
  type NewProject,
  projectFor,
} from '../../../workflows/init/new-project.ts';
import { UsageError } from '../../flags/usage-error.ts';

/** The parts of a project that flags give. */
export interface GivenProject {
  readonly source: string | undefined;
  readonly destinations: readonly string[];
  readonly project: string | undefined;
}

/** The project that flags name. Throws a `UsageError` that names the flags that are missing. */
export function projectOfFlags({ source, destinations, project }: GivenProject): NewProject {
  if (source === undefined || destinations.length === 0) {
    const missing = [
      ...(source === undefined ? ['-source=REGISTRY'] : []),
      ...(destinations.length === 0 ? ['-destination=REGISTRY'] : []),
      ...(project === undefined ? ['-project=NAME'] : []),
    ];
    throw new UsageError(`give ${missing.join(', ')}: without a terminal nothing is asked`);
  }
  const from = trimEndOf(source, '/');
  return {
    project: project ?? projectFor(from),
    source: from,
    destinations: destinations.map((name) => trimEndOf(name, '/')),
  };
}

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly signal: AbortSignal;
}

/** The project of the flags. Missing parts are asked for on the terminal, again after an invalid answer. */
export async function askProject(
  given: GivenProject,
  { input, output, signal }: Terminal,
): Promise<NewProject> {
  const lines = createInterface({ input, output });
  const ask = async (question: string, check: (answer: string) => string | undefined): Promise<string> => {
    for (;;) {
      const answer = trimEndOf((await lines.question(`${question}: `, { signal })).trim(), '/');
      const fault = check(answer);
      if (fault === undefined) return answer;
      output.write(`  ${fault}\n`);
    }
  };
  try {
    const source = given.source ?? (await ask('registry to promote from', checkRegistry));
    const destinations = Array.from(given.destinations);
    while (given.destinations.length === 0) {
      const isOptional = destinations.length > 0;
      const question = isOptional ? 'another one (empty for none)' : 'registry to promote to';
      const answer = await ask(question, (text) =>
        isOptional && text === '' ? undefined : checkRegistry(text),
      );
      if (answer === '') break;
      destinations.push(answer);
    }
    const suggested = projectFor(source);
    const project =
      given.project ??
      ((await ask(`project [${suggested}]`, (text) => (text === '' ? undefined : checkProject(text)))) ||
        suggested);
    return { project, source, destinations };
  } finally {
    lines.close();
  }
}
