import { join, relative } from 'node:path';
import { CodedError } from '../../../base/errors.ts';
import { unifiedDiff } from '../../../base/unified-diff.ts';
import type { ImageAddition } from '../../../manifest/edit/edit-images.ts';
import {
  branchOf,
  describePromotion,
  type Promotion,
} from '../../../workflows/pull-request/describe-promotion.ts';
import { propose, type Proposed } from '../../../workflows/pull-request/propose.ts';
import { type Browser, type BrowseClient, browse } from '../../browse/browse.ts';
import { manifestDirectoryAt, mergeImages, parseFilters } from '../../browse/merge-images.ts';
import type { PullRequestOptions } from '../../flags/options/pull-request-options.ts';
import { InputError } from '../../flags/usage-error.ts';
import { writeImageList } from '../../output/image-lists.ts';
import { writeTo } from '../../output/stdio.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import { openUpstream, type Upstream } from '../../runtime/open-upstream.ts';
import { createPrompter, type Prompter } from '../../runtime/prompter.ts';
import type { ProcessContext } from '../command.ts';
import { commandOf } from './pull-request-command.ts';
import { FLAGS, readWatchRules, type Task, taskOfFlags, tasksOfRules } from './pull-request-tasks.ts';

/** The parts of a run that opens pull requests. */
interface Work extends Omit<Upstream, 'prefix'> {
  readonly options: PullRequestOptions;
  readonly context: ProcessContext;
  readonly browser: Browser;
  readonly client: BrowseClient;
  readonly prompter: Prompter;
  /** The manifest directory of the clone. */
  readonly directory: string;
}

/** `cip pr` from its options to its exit code. */
export async function runPullRequest(given: PullRequestOptions, context: ProcessContext): Promise<number> {
  parseFilters(given.filters, FLAGS.tags); // refused before the clone
  // a progress display would overwrite the questions
  const options = { ...given, progress: given.progress && !given.isInteractive };
  return await browse(options, context, async (browser) => {
    const { log, signal } = browser;
    const opened = await openUpstream(options, { context, browser });
    const { clone, prefix } = opened;
    const prompter = openPrompter(options, { context, signal });
    let isKept = false;
    try {
      const directory = await manifestDirectoryAt(join(clone.directory, prefix));
      const tasks = await readTasks(directory, { options, opened, browser });
      const sources = tasks.map(({ manifest }) => ({
        name: manifest.source.name,
        serviceAccount: undefined,
      }));
      const client = await browser.open(sources);
      const work = { ...opened, options, context, browser, client, prompter, directory };
      const exitCodes: number[] = [];
      for (const task of tasks) {
        // oxlint-disable-next-line no-await-in-loop -- tasks share the clone
        exitCodes.push(await runTask(task, work).catch((error: unknown) => logFailure(error, task, work)));
      }
      isKept = !(await prompter.confirm('Clean fork directory?'));
      return Math.max(0, ...exitCodes);
    } finally {
      prompter.close();
      if (isKept) log.write('info', `the clone is ${clone.directory}`);
      else await clone.remove();
    }
  });
}

interface TaskInputs {
  readonly options: PullRequestOptions;
  readonly opened: Upstream;
  readonly browser: Browser;
}

/** The pull requests to make, from the manifests and the settings of the clone. */
async function readTasks(
  directory: string,
  { options, opened, browser }: TaskInputs,
): Promise<readonly Task[]> {
  const { log, signal } = browser;
  try {
    const where = { kind: 'thin', directory } as const;
    const { manifests } = await loadManifests(where, { strict: false, log, stopping: signal });
    signal.throwIfAborted();
    return options.isWatching
      ? tasksOfRules(await readWatchRules(directory, signal), manifests)
      : [taskOfFlags(options, manifests)];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // paths in the message are relative to the repository: the clone is temporary
    const message = error.message.replaceAll(`${opened.clone.directory}/`, '');
    throw new InputError(`${opened.upstream.name}: ${message}`);
  }
}

/** With -watch, a failure does not stop the pull requests of other projects. */
function logFailure(error: unknown, { selection }: Task, { options, browser }: Work): 1 {
  const { log, signal } = browser;
  signal.throwIfAborted();
  if (!options.isWatching || !(error instanceof CodedError)) throw error;
  log.write('error', `${selection.project}: ${error.message}`);
  return 1;
}

/** Without -interactive the answer to each question is yes. */
function openPrompter(
  { isInteractive }: PullRequestOptions,
  { context, signal }: { readonly context: ProcessContext; readonly signal: AbortSignal },
): Prompter {
  if (!isInteractive) return { confirm: async () => true, close: () => {} };
  const print = (text: string) => void context.stdio.err.write(text);
  return createPrompter({ input: process.stdin, print, signal });
}

/** Opens the pull request of one project, and resolves to the exit code. */
async function runTask(task: Task, work: Work): Promise<number> {
  const { browser, clone, prompter, options } = work;
  const { log, signal } = browser;
  if (!(await prompter.confirm('Grow the manifests to add the new tags?'))) return 0;
  await clone.reset(signal);
  const growth = await grow(task, work);
  if (growth.kind === 'refused') {
    for (const reason of growth.reasons) log.write('error', reason);
    log.write('error', `${task.selection.project}: no pull request was opened`);
    return 1;
  }
  if (growth.added.length === 0) {
    const subject = options.isWatching ? `${task.selection.project}: ` : '';
    log.write('info', `${subject}No changes detected in the promoter images list, exiting without changes`);
    return 0;
  }
  const promotion = promotionOf(task, growth.added, work);
  const path = relative(clone.directory, join(work.directory, growth.file)).replaceAll('\\', '/');
  if (options.isDry)
    return await printDraft(promotion, { work, diff: unifiedDiff(path, growth.before, growth.text) });
  const { upstream, host } = work;
  const fork = await work.openFork(); // not earlier: a run without changes creates none
  const pushUrl = options.usesSsh ? fork.sshUrl : fork.cloneUrl;
  const change = { promotion, path, upstream, fork, pushUrl, reopens: !options.isWatching };
  const warn = (message: string) => log.write('warning', message);
  const proposed = await propose(change, { clone, host, confirm: prompter.confirm, warn }, signal);
  return await logOutcome(proposed, work);
}

type Growth =
  | {
      readonly kind: 'grown';
      /** Relative to the manifest directory. */
      readonly file: string;
      readonly before: string;
      readonly text: string;
      readonly added: readonly ImageAddition[];
    }
  | { readonly kind: 'refused'; readonly reasons: readonly string[] };

/** Merges the images of a task into the list of its project in the clone. */
async function grow(task: Task, { options, browser, client, directory }: Work): Promise<Growth> {
  const { manifest, unmatched } = task;
  const added: ImageAddition[] = [];
  let [file, before, text] = ['', '', ''];
  for (const filters of task.filters) {
    const request = {
      manifests: [manifest],
      staging: manifest.source.name,
      filters,
      flags: FLAGS,
      unmatched,
    };
    const merging = { ...request, directory, workers: options.threads };
    // oxlint-disable-next-line no-await-in-loop -- each merge reads the list that the previous one wrote
    const merge = await mergeImages(merging, { browser, client });
    if (merge.kind === 'refused') return merge;
    if (merge.kind === 'unchanged') continue;
    // oxlint-disable-next-line no-await-in-loop -- see above
    await writeImageList(directory, merge);
    if (added.length === 0) before = merge.before;
    ({ file, text } = merge);
    added.push(...merge.added);
  }
  return { kind: 'grown', file, before, text, added };
}

const KUBERNETES = 'kubernetes/k8s.io';
const KUBERNETES_REVIEWERS = '@kubernetes/release-engineering';

function promotionOf(
  { selection }: Task,
  added: readonly ImageAddition[],
  { options, upstream }: Work,
): Promotion {
  const usual = upstream.name === KUBERNETES ? KUBERNETES_REVIEWERS : '';
  const { program, reviewers = usual, issue } = options;
  return { selection, added, program, command: commandOf(options), reviewers, issue };
}

async function printDraft(
  promotion: Promotion,
  { work, diff }: { readonly work: Work; readonly diff: string },
): Promise<number> {
  const { context, forkName, upstream } = work;
  const { title, body } = describePromotion(promotion);
  const head = [
    `branch: ${forkName}:${branchOf(promotion.selection)}`,
    `into: ${upstream.name}:${upstream.defaultBranch}`,
    `title: ${title}`,
  ];
  const text = `${head.join('\n')}\n\n${body}\n${diff}`;
  return (await writeTo(context.stdio.out, text)) === 'gone' ? 1 : 0;
}

/** Logs the outcome of a change, and resolves to the exit code. The URL of an open pull request goes to stdout. */
async function logOutcome(
  proposed: Proposed,
  { browser, context, options, forkName }: Work,
): Promise<number> {
  const { log } = browser;
  switch (proposed.kind) {
    case 'declined':
      log.write('info', 'stopped: the answer was no');
      return 0;
    case 'foreign': {
      const { branch, subject } = proposed;
      const message = `the branch ${branch} of ${forkName} has commits of another author, so it is not updated: merge or delete it`;
      log.write(options.isWatching ? 'warning' : 'error', message, { newest: subject });
      return options.isWatching ? 0 : 1;
    }
    case 'closed':
      log.write(
        'warning',
        `${proposed.pull.url} was closed, so it is not opened again: run cip pr -tag=TAG to open another one`,
      );
      return 0;
    case 'opened':
    case 'updated':
    case 'current': {
      const outcome = proposed.kind === 'current' ? 'nothing to do: the images are in' : proposed.kind;
      log.write('info', `${outcome} ${proposed.pull.url}`);
      return (await writeTo(context.stdio.out, `${proposed.pull.url}\n`)) === 'gone' ? 1 : 0;
    }
  }
}
