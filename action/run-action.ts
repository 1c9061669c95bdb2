import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { messageOf } from '../src/base/errors.ts';
import { oneLine } from '../src/base/text.ts';
import { renderAnnotations } from '../src/report/remarks/github-annotations.ts';
import { remarksOf } from '../src/report/remarks/remark.ts';
import type { Report } from '../src/report/report.ts';
import { changedOnlyFlags } from './changed-only.ts';
import { type Env, readContext } from './github-event.ts';
import { commandFor, type Inputs, readInputs } from './inputs.ts';
import { markerOf, updateComment } from './pull-request-comment.ts';
import { type CipResult, runCip } from './run-cip.ts';

export interface ActionPorts {
  readonly env: Env;
  readonly fetch: typeof fetch;
  /** The script of cip. */
  readonly program: string;
  /** Writes to the log of the step. */
  readonly write: (text: string) => unknown;
}

/** The exit code if cip succeeded and its summary or outputs could not be written. */
const UNPUBLISHED = 1;

/**
 * Runs cip for the inputs and the event of a workflow, and publishes the report. Resolves to the exit code of cip, or
 * another than 0 if a file of the runner could not be written.
 */
export async function runAction({ env, fetch, program, write }: ActionPorts): Promise<number> {
  const inputs = readInputs(env);
  const context = readContext(env);
  const { pullRequest } = context;
  const scratch = mkdtempSync(join(env['RUNNER_TEMP'] ?? tmpdir(), 'cip-'));
  const files = { markdown: join(scratch, 'report.md'), json: join(scratch, 'report.json') };
  const { args, plan } = commandFor(inputs, { ...context, scratch });
  const reports = [`-report=${files.json}`, `-report-markdown=${files.markdown}`];
  const isDryRun = plan !== undefined;
  const { INPUT_TOKEN: _, ...childEnv } = env; // cip needs no access to GitHub
  const limits = isDryRun ? changedOnlyFlags(inputs.directory, { env, write }) : [];
  const result = await runCip({ program, args: [...args, ...limits, ...reports], env: childEnv, write });
  const report = readIfWritten(files.markdown) ?? describeFailure(result);
  write(annotationsOf(readIfWritten(files.json), inputs.directory));
  const text = `${report}\n\n[Log of this run](${context.runUrl})\n`;
  const hasSummary = append('GITHUB_STEP_SUMMARY', text, { env, write });
  const outputs = renderOutputs({
    'exit-code': String(result.exitCode),
    report: readIfWritten(files.json) === undefined ? '' : files.json,
    plan: plan !== undefined && readIfWritten(plan) !== undefined ? plan : '',
  });
  const hasOutputs = append('GITHUB_OUTPUT', outputs, { env, write });
  if (pullRequest !== undefined && inputs.comment) {
    const marker = markerOf(inputs.mode, inputs.directory);
    await updateComment(marker, text, { fetch, token: inputs.token, context }).catch((error: unknown) => {
      write(`::warning::the report is in the summary only: ${explain(error, inputs)}\n`);
    });
  }
  return result.exitCode === 0 && !(hasSummary && hasOutputs) ? UNPUBLISHED : result.exitCode;
}

/** Annotations for the findings of a report: cip prints none, because commands in its log are switched off. */
function annotationsOf(json: string | undefined, directory: string): string {
  if (json === undefined) return '';
  const report: Report = JSON.parse(json);
  return renderAnnotations(remarksOf(report, (file) => posix.join(directory, file)));
}

/** Of a run that ended before it had a report. */
function describeFailure({ exitCode, tail }: CipResult): string {
  const log = tail.trimEnd().replaceAll('~~~', '~ ~ ~');
  return `## cip ended with exit code ${exitCode}\n\n~~~text\n${log}\n~~~`;
}

function explain(error: unknown, { token }: Inputs): string {
  const cause = error instanceof Error && error.cause !== undefined ? `: ${reasonOf(error.cause)}` : '';
  const message = `${messageOf(error)}${cause}`;
  const advice = /status 40[134]/.test(message)
    ? '; the job needs "permissions: pull-requests: write", which a pull request from a fork never has'
    : '';
  const line = `${message}${advice}`.replaceAll(/[\r\n]/g, ' ');
  return token === '' ? line : line.replaceAll(token, '***');
}

/** Of the errors for several addresses of one host, the first. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof AggregateError ? error.errors[0] : error);
}

function renderOutputs(outputs: Readonly<Record<string, string>>): string {
  const delimiter = randomUUID(); // a value may hold newlines
  const lines = Object.entries(outputs).map(
    ([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`,
  );
  return lines.join('');
}

/** Appends to the file that a variable of the runner names. False, with an error in the log, if that fails. */
function append(variable: string, text: string, { env, write }: Pick<ActionPorts, 'env' | 'write'>): boolean {
  const file = env[variable];
  if (!file) return true;
  try {
    appendFileSync(file, text);
    return true;
  } catch (error) {
    write(`::error::cip action: cannot write to $${variable}: ${oneLine(messageOf(error))}\n`);
    return false;
  }
}

function readIfWritten(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
