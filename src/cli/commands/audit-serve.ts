import { flagsOf } from '../flags/flag.ts';
import { LOG_FLAGS, REGISTRY_FLAGS } from '../flags/flags.ts';
import { defineCommand, type Given } from './command.ts';

const MANIFEST_FLAGS = flagsOf('Manifests', [
  { name: 'url', value: 'URL', description: 'read the manifests from this git repository' },
  { name: 'branch', value: 'BRANCH', default: 'main', description: 'branch of the git repository' },
  { name: 'path', value: 'DIR', description: 'directory of the manifests, in the repository or on the disk' },
  {
    name: 'fetch-interval',
    value: 'SECONDS',
    default: '60',
    description: 'maximum age of manifests that accept a change',
  },
  {
    name: 'plan',
    value: 'FILE',
    repeatable: true,
    description: 'accept the writes of a plan file too',
    neverEmpty: true,
  },
  {
    name: 'report',
    value: 'FILE',
    repeatable: true,
    description: 'accept the writes of a JSON report too',
    neverEmpty: true,
  },
]);

const SERVICE_FLAGS = flagsOf('Service', [
  {
    name: 'host',
    value: 'ADDRESS',
    description: 'listen on this address only; the port is `$PORT`, or 8080',
  },
  {
    name: 'max-messages',
    value: 'N',
    default: '1000',
    description: 'limit messages in flight; further ones get 429',
  },
  {
    name: 'alert-webhook',
    value: 'URL',
    description: 'post alerts to this URL, as JSON for Slack and compatible services',
    neverEmpty: true,
  },
  { name: 'project', value: 'PROJECT', description: 'Google Cloud project of the traces in the log' },
]);

const AUTH_FLAGS = flagsOf('Senders', [
  {
    name: 'oidc-audience',
    value: 'AUDIENCE',
    description: 'accept OIDC tokens of Google for this audience',
    neverEmpty: true,
  },
  {
    name: 'oidc-email',
    value: 'ACCOUNT',
    repeatable: true,
    description: 'service account of the push subscription',
    neverEmpty: true,
  },
  {
    name: 'webhook-token-file',
    value: 'FILE',
    repeatable: true,
    description: 'accept webhooks with the token in FILE',
    neverEmpty: true,
  },
  {
    name: 'webhook-hmac-key-file',
    value: 'FILE',
    repeatable: true,
    description: 'accept webhooks signed with the key in FILE',
    neverEmpty: true,
  },
  { name: 'no-auth', description: 'accept every message; use it behind a proxy that authenticates senders' },
]);

/** Flags of the original auditor. Each has an environment variable. */
const FORMER_SPELLINGS = flagsOf('Former spellings', [
  { name: 'audit-manifest-repo-url', value: 'URL', description: 'same as `-url`' },
  { name: 'audit-manifest-repo-branch', value: 'BRANCH', description: 'same as `-branch`' },
  { name: 'audit-manifest-path', value: 'DIR', description: 'same as `-path`' },
  { name: 'audit-gcp-project-id', value: 'PROJECT', description: 'same as `-project`' },
]);

/** `cip audit serve`, which is also `cip-auditor`. */
export const auditServe = defineCommand<Given>({
  words: 'audit serve',
  isOfKpromo: true,
  flags: [
    ...MANIFEST_FLAGS,
    ...SERVICE_FLAGS,
    ...AUTH_FLAGS,
    ...FORMER_SPELLINGS,
    ...REGISTRY_FLAGS,
    ...LOG_FLAGS,
  ],
  help: {
    about: 'verifies the changes that registries report, and rejects those that no manifest allows.',
    summary: ['-url=URL -no-auth', 'watch production for changes'],
    examples: [
      ['-path=DIR -no-auth', 'read manifests from a directory, for a trial'],
      ['-url=URL -path=DIR -webhook-token-file=FILE', 'take webhooks of a registry'],
    ],
    notes: ['POST to any path takes a message; GET /healthz, /readyz and /metrics.'],
    exit: '2 unusable input; 130, 143 stopped.',
  },
  parse: (given) => given, // parsed by the run, which is loaded lazily: every command loads this module
  run: async (given, context) => (await import('./run/run-audit-serve.ts')).runAuditServe(given, context),
});
