import { quote } from '../../../base/text.ts';
import type { RegistryName } from '../../../image/repository.ts';
import type { Given } from '../../commands/command.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';
import { registryNamed } from './browse-options.ts';
import { type RunOptions, runOptionsOf } from './run-options.ts';

/** A complete request to open pull requests. */
export interface PullRequestOptions extends RunOptions {
  /** `owner` or `owner/name`. */
  readonly fork: string;
  /** `owner/name`. Default: that of the checkout, else kubernetes/k8s.io. */
  readonly upstream: string | undefined;
  /** The manifest directory in a checkout. */
  readonly baseDirectory: string | undefined;
  readonly project: string | undefined;
  readonly staging: RegistryName | undefined;
  readonly filters: Readonly<Record<'images' | 'tags' | 'digests', readonly string[]>>;
  /** Undefined: those of the repository. */
  readonly reviewers: string | undefined;
  readonly issue: string | undefined;
  readonly isInteractive: boolean;
  readonly usesSsh: boolean;
  /** Whether `.cip.yaml` names the projects and the tags. */
  readonly isWatching: boolean;
  readonly isDry: boolean;
  readonly api: { readonly apiUrl: string | undefined; readonly token: string | undefined };
  readonly program: Given['program'];
}

/** The options of `cip pr`. Throws a `UsageError`. */
export function pullRequestOptionsOf({ flags, env, program }: Given): PullRequestOptions {
  const [tags, images, digests] = [['tag', 't'], ['image'], ['digests']].map((names) =>
    valuesOf(flags, names),
  );
  const isWatching = flags.isOn('watch');
  const isDry = flags.isOn('dry-run');
  if (isWatching) refuseSelection(flags);
  else if (tags?.length === 0) throw new UsageError('cannot start promotion --tag is required');
  const fork = flags.text('fork');
  if (!fork) throw new UsageError('cannot start promotion --fork is required');
  const token = tokenOf(env);
  if (token === undefined && !isDry) {
    const message = 'cannot promote images if GitHub token env var GITHUB_TOKEN is not set';
    throw new UsageError(message);
  }
  return {
    ...runOptionsOf(flags, []),
    fork: forkNamed(fork),
    upstream: flags.text('upstream') ? repositoryNamed(flags.text('upstream') ?? '') : undefined,
    baseDirectory: flags.text('base_dir') || undefined,
    project: flags.text('project') || undefined,
    staging: stagingOf(flags),
    filters: { tags: tags ?? [], images: images ?? [], digests: digests ?? [] },
    reviewers: flags.text('reviewers')?.trim(),
    issue: issueOf(flags.text('issue')),
    isInteractive: flags.isOn('interactive') || flags.isOn('i'),
    usesSsh: !flags.isGiven('use-ssh') || flags.isOn('use-ssh'),
    isWatching,
    isDry,
    api: { apiUrl: flags.text('github-api-url') ?? env['GITHUB_API_URL'], token },
    program,
  };
}

const SELECTION = [
  'tag',
  't',
  'image',
  'digests',
  'project',
  'staging-repo',
  'staging_repo',
  'interactive',
  'i',
];

function refuseSelection(flags: FlagValues): void {
  const given = SELECTION.filter((name) => flags.isGiven(name)).map((name) => `-${name}`);
  if (given.length === 0) return;
  throw new UsageError(
    `-watch takes projects and tags from .cip.yaml, so ${given.join(', ')} is not allowed`,
  );
}

/** Values, also several with commas between them, each once. An empty one is no filter, as in kpromo. */
function valuesOf(flags: FlagValues, names: readonly string[]): readonly string[] {
  const values = names.flatMap((name) => flags.all(name)).flatMap((text) => text.split(','));
  return Array.from(new Set(values.map((text) => text.trim()).filter((text) => text !== '')));
}

/** Without the white space around it that a file of a secret often has. */
function tokenOf(env: Given['env']): string | undefined {
  const token = (env['GITHUB_TOKEN'] || env['GH_TOKEN'])?.trim() || undefined;
  if (token === undefined || /^[!-~]+$/.test(token)) return token;
  throw new UsageError(
    'GITHUB_TOKEN or GH_TOKEN has white space within it or characters beyond ASCII: set it to the token alone',
  );
}

function forkNamed(text: string): string {
  if (OWNER.test(text) || isRepositoryName(text)) return text;
  throw new UsageError(`checking user's fork: -fork is OWNER or OWNER/REPO, not ${quote(text)}`);
}

function repositoryNamed(text: string): string {
  if (isRepositoryName(text)) return text;
  throw new UsageError(`-upstream is OWNER/REPO, not ${quote(text)}`);
}

const OWNER = /^[\w-][\w.-]*$/;

/** `OWNER/REPO`. In a URL `.` and `..` would lead to another path. */
function isRepositoryName(text: string): boolean {
  const [owner = '', name = '', ...rest] = text.split('/');
  return OWNER.test(owner) && /^(?!\.{1,2}$)[\w.-]+$/.test(name) && rest.length === 0;
}

function stagingOf(flags: FlagValues): RegistryName | undefined {
  const names = ['staging-repo', 'staging_repo'].flatMap((name) => flags.all(name));
  const [staging, ...others] = Array.from(new Set(names));
  if (others.length > 0)
    throw new UsageError('-staging-repo and -staging_repo contradict each other: give one');
  return staging === undefined ? undefined : registryNamed(staging);
}

function issueOf(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && !/[\s`]/.test(text)) return url.href;
  throw new UsageError(`-issue is the https URL of an issue, not ${quote(text)}`);
}
