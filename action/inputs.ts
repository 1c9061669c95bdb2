import { join } from 'node:path';
import type { Env, GithubContext } from './github-event.ts';

/** The inputs of the action; see `action.yml`. */
export interface Inputs {
  readonly mode: Mode;
  readonly directory: string;
  /** The plan of a dry run, and the plan that a promotion applies. Unset: a promotion reads the manifests. */
  readonly planFile: string | undefined;
  readonly comment: boolean;
  readonly token: string;
}

const MODES = ['check', 'promote', 'verify', 'audit'] as const;
export type Mode = (typeof MODES)[number];

/** The command lines of one run of the action. */
export interface Command {
  readonly args: readonly string[];
  /** The plan that it writes. */
  readonly plan: string | undefined;
}

/** Reads the inputs, which `action.yml` passes as variables. Throws for an invalid one. */
export function readInputs(env: Env): Inputs {
  const mode = MODES.find((name) => name === env['INPUT_MODE']);
  if (mode === undefined) throw new Error(`mode is ${MODES.join(', ')}, not ${quoted(env['INPUT_MODE'])}`);
  const comment = env['INPUT_COMMENT'] ?? 'true';
  if (comment !== 'true' && comment !== 'false') {
    throw new Error(`comment is true or false, not ${quoted(comment)}`);
  }
  return {
    mode,
    directory: env['INPUT_DIRECTORY'] || '.',
    planFile: env['INPUT_PLAN_FILE'] || undefined,
    comment: comment === 'true',
    token: env['INPUT_TOKEN'] ?? '',
  };
}

/**
 * The command line for a mode and an event. Nothing is written for a change that is only proposed: `promote` is a dry run
 * then, as `check` is. A dry run for a pull request reviews the new images. Throws for `promote` on an event that does
 * not tell. `scratch` is a directory for files of the run.
 */
export function commandFor(
  { mode, directory, planFile }: Inputs,
  {
    change,
    event,
    pullRequest,
    scratch,
  }: Pick<GithubContext, 'change' | 'event' | 'pullRequest'> & {
    readonly scratch: string;
  },
): Command {
  const manifests = `-thin-manifest-dir=${directory}`;
  if (mode === 'verify' || mode === 'audit') return { args: [mode, manifests], plan: undefined };
  if (mode === 'check' || change === 'proposed') {
    const plan = planFile ?? join(scratch, 'cip-plan.json');
    const review = pullRequest === undefined ? [] : ['-review'];
    return { args: [manifests, `-plan-out=${plan}`, ...review], plan };
  }
  if (change === 'unknown') {
    throw new Error(
      `mode promote cannot run on the event ${quoted(event)}: use push, schedule or a dispatch`,
    );
  }
  const args = planFile === undefined ? [manifests, '-confirm'] : ['apply', planFile, manifests, '-confirm'];
  return { args, plan: undefined };
}

function quoted(text = ''): string {
  return JSON.stringify(text.slice(0, 100));
}
