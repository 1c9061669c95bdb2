import { quote } from '../../../base/text.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';
import { type RunOptions, runOptionsOf } from './run-options.ts';

/** A complete and consistent request for the auditor's service. */
export interface AuditServeOptions extends RunOptions {
  readonly manifests: ManifestsOption;
  readonly listen: { readonly port: number; readonly host: string | undefined };
  /** Milliseconds. */
  readonly fetchInterval: number;
  readonly maxMessages: number;
  /** How senders are authenticated; `none` is `--no-auth`. */
  readonly auth: AuthOption;
  /** The Google Cloud project of traces. */
  readonly project: string | undefined;
  /** Begins every verdict; undefined for a random one. */
  readonly id: string | undefined;
  readonly alertWebhook: string | undefined;
  readonly plans: readonly string[];
  readonly reports: readonly string[];
}

export type ManifestsOption =
  | { readonly kind: 'git'; readonly url: string; readonly branch: string; readonly path: string }
  | { readonly kind: 'directory'; readonly path: string };

export type AuthOption =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'any-of';
      readonly oidc: { readonly audience: string; readonly emails: readonly string[] } | undefined;
      readonly tokenFiles: readonly string[];
      readonly hmacKeyFiles: readonly string[];
    };

const DEFAULT_PORT = 8080;
const DEFAULT_FETCH_INTERVAL = 60;
const DEFAULT_MAX_MESSAGES = 1_000;
const DEFAULT_BRANCH = 'main';

/** The options of `cip audit serve`. Throws a `UsageError`. */
export function auditServeOptionsOf(flags: FlagValues, env: NodeJS.ProcessEnv): AuditServeOptions {
  return {
    ...runOptionsOf(flags, []),
    manifests: manifestsOf(flags, env),
    listen: { port: portOf(env['PORT']), host: flags.text('host') },
    fetchInterval: numberOf(flags, 'fetch-interval', DEFAULT_FETCH_INTERVAL) * 1000,
    maxMessages: numberOf(flags, 'max-messages', DEFAULT_MAX_MESSAGES),
    auth: authOf(flags),
    project: flags.text('project') ?? flags.text('audit-gcp-project-id'),
    id: env['CIP_AUDIT_TESTCASE_UUID'] || undefined,
    alertWebhook: webhookOf(flags.text('alert-webhook')),
    plans: flags.all('plan'),
    reports: flags.all('report'),
  };
}

function manifestsOf(flags: FlagValues, env: NodeJS.ProcessEnv): ManifestsOption {
  const url = flags.text('url') || flags.text('audit-manifest-repo-url');
  const path =
    flags.text('path') || flags.text('audit-manifest-path') || env['CIP_AUDIT_MANIFEST_REPO_MANIFEST_DIR'];
  if (!url) {
    if (path) return { kind: 'directory', path };
    throw new UsageError(
      'no manifests: give -path=DIR, or -url=URL of a git repository with -path=DIR in it',
    );
  }
  if (url.startsWith('-')) throw new UsageError(`-url is the URL of a git repository, not ${quote(url)}`);
  const branch = flags.text('branch') || flags.text('audit-manifest-repo-branch') || DEFAULT_BRANCH;
  if (!/^[\w][\w./+-]*$/.test(branch))
    throw new UsageError(`-branch is the name of a branch, not ${quote(branch)}`);
  return { kind: 'git', url, branch, path: path ?? '' };
}

function portOf(text: string | undefined): number {
  if (!text) return DEFAULT_PORT;
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`PORT is a port, not ${quote(text)}`);
}

function numberOf(flags: FlagValues, name: string, fallback: number): number {
  const text = flags.text(name);
  if (text === undefined) return fallback;
  if (/^\d{1,7}$/.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(`-${name} is a number from 1, not ${quote(text)}`);
}

function authOf(flags: FlagValues): AuthOption {
  const audience = flags.text('oidc-audience');
  const emails = flags.all('oidc-email');
  const tokenFiles = flags.all('webhook-token-file');
  const hmacKeyFiles = flags.all('webhook-hmac-key-file');
  const isConfigured = audience !== undefined || tokenFiles.length > 0 || hmacKeyFiles.length > 0;
  if ((audience === undefined) !== (emails.length === 0))
    throw new UsageError('-oidc-audience and -oidc-email go together: give both');
  if (flags.isOn('no-auth')) {
    if (!isConfigured) return { kind: 'none' };
    throw new UsageError(
      '-no-auth contradicts -oidc-audience, -webhook-token-file and -webhook-hmac-key-file',
    );
  }
  if (!isConfigured) {
    throw new UsageError(
      'senders are not authenticated: give -oidc-audience and -oidc-email, -webhook-token-file or -webhook-hmac-key-file, or -no-auth where something else authenticates them',
    );
  }
  const oidc = audience === undefined ? undefined : { audience, emails };
  return { kind: 'any-of', oidc, tokenFiles, hmacKeyFiles };
}

function webhookOf(url: string | undefined): string | undefined {
  if (url === undefined || (/^https?:\/\//.test(url) && URL.canParse(url))) return url;
  throw new UsageError('-alert-webhook is an http or https URL');
}
