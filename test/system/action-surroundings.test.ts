import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCip } from '../../action/run-cip.ts';
import { programs } from '../builders/programs.ts';
import { testdir } from '../builders/testdir.ts';
import { readAction } from '../doubles/action-runner.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { outsideCommands, PULL_REQUEST, PUSH, world } from './action-world.ts';

// The action on a runner with a full disk, without an API, an event or memory.

it.each(['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY'])(
  '%s on a full disk fails the step, and the comment is written',
  async (variable) => {
    const { call, github } = await world();
    const { outcome, log } = await call({ event: PULL_REQUEST, env: { [variable]: '/dev/full' } });
    expect(outcome).toBe('failure');
    expect(outsideCommands(log)).toMatch(
      new RegExp(`^::error::cip action: cannot write to \\$${variable}: ENOSPC`, 'm'),
    );
    expect(github.comments).toHaveLength(1);
  },
);

it('an API that cannot be reached is named in the warning', async () => {
  const { call } = await world();
  const env = { GITHUB_GRAPHQL_URL: 'http://127.0.0.1:1/graphql' };
  const { outcome, log } = await call({ event: PULL_REQUEST, env });
  expect(outcome).toBe('success');
  expect(log).toMatch(/^::warning::the report is in the summary only: fetch failed: bad port$/m);
});

it.each([
  ['', /GITHUB_EVENT_PATH is not set/],
  ['/missing/event.json', /GITHUB_EVENT_PATH: the event cannot be read: ENOENT/],
  [join(repositoryRoot(), 'action.yml'), /GITHUB_EVENT_PATH: ".*action.yml" is not a JSON object/],
])('the event %j is refused', async (path, words) => {
  const { call } = await world();
  const run = await call({ event: PUSH, env: { GITHUB_EVENT_PATH: path } });
  expect({ outcome: run.outcome, log: run.log }).toEqual({
    outcome: 'failure',
    log: expect.stringMatching(words),
  });
});

it('an event with an empty pull request is none of a pull request', async () => {
  const { call, github } = await world();
  const run = await call({ eventName: 'workflow_dispatch', event: { pull_request: null } });
  expect({ outcome: run.outcome, requests: github.requests }).toEqual({ outcome: 'success', requests: [] });
});

it('a run that the kernel kills says so, and has the exit code of a shell', async () => {
  const program = join(await testdir({ 'p.js': `process.kill(process.pid, 'SIGKILL')` }), 'p.js');
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const result = await runCip({ program, args: [], env: {}, write });
  expect(result).toEqual({
    exitCode: 137,
    tail: 'cip was ended by SIGKILL, perhaps for want of memory\n',
  });
  expect(written).toContain(result.tail);
});

it('the build installs its tools in a workflow for production that forbids the scripts of packages', async () => {
  const directory = await testdir({ 'scripts/build.js': '' });
  await programs(directory, { npm: 'echo "npm $*"', node: 'echo "node $*"' });
  const [build] = readAction().runs.steps;
  const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', build?.run ?? ''];
  const env = { PATH: `${directory}:/usr/bin:/bin`, GITHUB_ACTION_PATH: directory };
  const log = execFileSync('bash', args, { env, encoding: 'utf8' });
  expect(log).toMatch(/^npm ci .*--include=dev --ignore-scripts.*\nnode scripts\/build\.js cip action\n$/);
});
