import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createPrompter } from '../../../src/cli/runtime/prompter.ts';

function scene(answers?: string) {
  const input = new PassThrough();
  if (answers !== undefined) input.end(answers);
  const printed: string[] = [];
  const stop = new AbortController();
  const print = (text: string) => void printed.push(text);
  return { prompter: createPrompter({ input, print, signal: stop.signal }), printed, stop };
}

it('takes each line as the answer to one question', async () => {
  const { prompter, printed } = scene('y\nno\n\nN\nYES\n');
  const answers = [];
  for (const question of ['a?', 'b?', 'c?', 'd?', 'e?']) {
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    answers.push(await prompter.confirm(question));
  }
  expect(answers).toEqual([true, false, true, false, true]);
  expect(printed).toEqual(['a?', 'b?', 'c?', 'd?', 'e?'].map((question) => `${question} (Y/n) `));
});

it('asks again after another answer, ten times', async () => {
  const { prompter, printed } = scene('what\n'.repeat(20));
  await expect(prompter.confirm('a?')).rejects.toThrow('no answer to "a?" after 10 attempts: answer y or n');
  expect(printed).toHaveLength(10);
});

it('ends with the input', async () => {
  const { prompter } = scene('');
  await expect(prompter.confirm('a?')).rejects.toThrow('no answer to "a?": the input has ended');
});

it('ends with the run', async () => {
  const { prompter, stop } = scene();
  const asking = prompter.confirm('a?');
  stop.abort(new Error('stopped'));
  await expect(asking).rejects.toThrow('stopped');
  prompter.close();
});
