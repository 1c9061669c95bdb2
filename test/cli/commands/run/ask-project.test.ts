import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { askProject, projectOfFlags } from '../../../../src/cli/commands/run/ask-project.ts';

/** Answers one line for each question. */
function terminal(answers: readonly string[]) {
  const input = new PassThrough();
  const output = new PassThrough();
  const left = [...answers];
  let shown = '';
  output.on('data', (text: Buffer) => {
    shown += text.toString();
    const answer = text.toString().endsWith(': ') ? left.shift() : undefined;
    if (answer !== undefined) input.write(`${answer}\n`);
  });
  return { input, output, signal: new AbortController().signal, shown: () => shown };
}

const NOTHING = { source: undefined, destinations: [], project: undefined };

it('asks for all that is missing, and again after a wrong answer', async () => {
  const screen = terminal(['https://a.io/x', 'a.io/staging', 'b.io/prod', 'c.io/prod/', '', '']);
  expect(await askProject(NOTHING, screen)).toEqual({
    source: 'a.io/staging',
    destinations: ['b.io/prod', 'c.io/prod'],
    project: 'staging',
  });
  expect(screen.shown()).toContain('write it without the scheme');
});

it('does not ask for what flags name', async () => {
  const given = { source: 'a.io/x', destinations: ['b.io/x'], project: 'team' };
  expect(await askProject(given, terminal([]))).toEqual(given);
  expect(projectOfFlags({ ...given, project: undefined })).toEqual({ ...given, project: 'x' });
});

it('names the flags that are missing', () => {
  expect(() => projectOfFlags({ ...NOTHING, source: 'a.io/x' })).toThrow(
    'give -destination=REGISTRY, -project=NAME: without a terminal nothing is asked',
  );
});
