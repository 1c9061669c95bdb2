import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { temporaryDirectory } from './run-cip.ts';
import { repositoryRoot } from './tools.ts';

/** What a job with the action as its only step has left behind. */
export interface ActionRun {
  readonly outcome: 'success' | 'failure';
  readonly log: string;
  readonly summary: string;
  /** The outputs of the action. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Actions that it used, with their inputs. */
  readonly used: readonly { readonly uses: string; readonly with: Readonly<Record<string, string>> }[];
}

export interface ActionCall {
  readonly inputs?: Readonly<Record<string, string>>;
  /** Default: `pull_request` or `push`, by the payload. */
  readonly eventName?: string;
  /** The payload of the event. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly apiUrl: string;
  readonly token: string;
  /** The working directory of the job. */
  readonly workspace: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Step {
  readonly name: string;
  readonly id?: string;
  readonly if?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

/** The action of this repository. */
export function readAction(): Action {
  const text = readFileSync(join(repositoryRoot(), 'action.yml'), 'utf8');
  const action: Action = JSON.parse(JSON.stringify(load(text)));
  return action;
}

/** Runs the steps of action.yml as a runner of GitHub does: shell steps by bash, other actions recorded. */
export async function runAction(call: ActionCall): Promise<ActionRun> {
  const { inputs, outputs, runs } = readAction();
  const values: Record<string, string> = { 'github.token': call.token };
  for (const [name, { default: fallback = '' }] of Object.entries(inputs)) {
    values[`inputs.${name}`] = call.inputs?.[name] ?? evaluate(fallback, values);
  }
  const used: { uses: string; with: Record<string, string> }[] = [];
  const directory = temporaryDirectory();
  const files = Object.fromEntries(
    ['event', 'output', 'summary'].map((name) => [name, join(directory, name)]),
  );
  for (const [name, file] of Object.entries(files)) {
    writeFileSync(file, name === 'event' ? JSON.stringify(call.event) : '');
  }
  let failed = false;
  let log = '';
  for (const step of runs.steps) {
    if (!isDue(step.if ?? 'success()', { failed, values })) continue;
    if (step.uses !== undefined) {
      used.push({ uses: step.uses, with: evaluateAll(step.with ?? {}, values) });
      continue;
    }
    const result = await runStep(
      step.run ?? '',
      {
        ...runnerEnv(call, { directory, files }),
        ...evaluateAll(step.env ?? {}, values),
      },
      call.workspace,
    );
    failed ||= result.code !== 0;
    log += result.log;
    for (const [name, value] of outputsIn(files['output'] ?? '')) {
      values[`steps.${step.id}.outputs.${name}`] = value;
    }
  }
  return {
    outcome: failed ? 'failure' : 'success',
    log,
    summary: readFileSync(files['summary'] ?? '', 'utf8'),
    outputs: evaluateAll(
      Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])),
      values,
    ),
    used,
  };
}

type Values = Readonly<Record<string, string>>;

function evaluateAll(texts: Readonly<Record<string, unknown>>, values: Values): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, evaluate(String(text), values)]),
  );
}

function evaluate(text: string, values: Values): string {
  return text.replaceAll(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => values[name] ?? '');
}

/** `A && B` of `success()`, `always()` and `NAME != ''`. */
function isDue(condition: string, { failed, values }: { failed: boolean; values: Values }): boolean {
  return condition.split(' && ').every((part) => {
    if (part === 'success()') return !failed;
    if (part === 'always()') return true;
    const [, name] = /^([\w.-]+) != ''$/.exec(part) ?? [];
    if (name === undefined) throw new Error(`the condition ${part} is not known here`);
    return (values[name] ?? '') !== '';
  });
}

function runnerEnv(
  call: ActionCall,
  { directory, files }: { directory: string; files: Readonly<Record<string, string>> },
): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    CI: 'true',
    RUNNER_TEMP: directory,
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION_PATH: repositoryRoot(),
    GITHUB_API_URL: call.apiUrl,
    GITHUB_GRAPHQL_URL: `${call.apiUrl}/graphql`,
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_REPOSITORY: 'acme/images',
    GITHUB_RUN_ID: '42',
    GITHUB_EVENT_NAME: call.eventName ?? ('pull_request' in call.event ? 'pull_request' : 'push'),
    GITHUB_EVENT_PATH: files['event'] ?? '',
    GITHUB_OUTPUT: files['output'] ?? '',
    GITHUB_STEP_SUMMARY: files['summary'] ?? '',
    ...call.env,
  };
}

function runStep(
  script: string,
  env: Record<string, string>,
  cwd: string,
): Promise<{ code: number | null; log: string }> {
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, log }));
  });
}

/** `name<<DELIMITER`, the value, and the delimiter. */
function outputsIn(file: string): [string, string][] {
  const found = readFileSync(file, 'utf8').matchAll(/^([\w-]+)<<(\S+)\n(.*?)\n\2\n/gms);
  return Array.from(found, ([, name = '', , value = '']) => [name, value]);
}
