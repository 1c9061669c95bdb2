import { FEW } from '../../checks/images-to-copy.ts';
import { type Flag, flagsOf } from './flag.ts';

// Groups of flags that several commands take. A flag of one command stands in the module of that command.

export const LOCATION_FLAGS = flagsOf('Manifests', [
  { name: 'manifest', value: 'FILE', description: 'read one plain manifest' },
  { name: 'thin-manifest-dir', value: 'DIR', description: 'read the thin manifests below DIR' },
]);

export const CONFIRM_FLAGS = flagsOf('Promotion', [
  { name: 'confirm', description: 'write; without it every run is a dry run' },
  { name: 'dry-run', default: 'true', description: 'the default; `-dry-run=false` means `-confirm`' },
]);

/** The part of the destinations that a run processes, and the time that it has. */
export const SCOPE_FLAGS = flagsOf('Promotion', [
  { name: 'shard', value: 'INDEX/COUNT', description: 'process one part of the destinations, e.g. `0/3`' },
  { name: 'shard-count', value: 'N', description: 'number of shards; the environment gives the index' },
  { name: 'deadline', value: 'DURATION', description: 'stop starting work after DURATION, e.g. `90m`' },
  { name: 'no-siblings', description: 'copy from the source only, not from other destinations' },
]);

/** Limit a run to the changes of the manifests in git. */
export const CHANGE_FLAGS = flagsOf('Changes only', [
  {
    name: 'use-prow-manifest-diff',
    description: 'only what changed, by the variables of a Prow job (`JOB_TYPE`)',
  },
  {
    name: 'manifest-diff-since',
    value: 'AGE',
    description: 'only what was added since AGE, e.g. `14 days` or a date',
    neverEmpty: true,
  },
  {
    name: 'manifest-diff-base',
    value: 'REV',
    description: 'only what changed since REV; `auto` reads the variables of the CI',
    neverEmpty: true,
  },
  { name: 'allow-removal', description: 'in a pull request, allow entries to be removed' },
]);

export const ALLOW_LOST_FLAGS = flagsOf('Promotion', [
  { name: 'allow-lost', description: 'exit 0 although images are lost' },
]);

/** A promotion and its dry run. */
export const PROMOTION_FLAGS = flagsOf('Promotion', [
  {
    name: 'carry',
    value: 'MODE',
    default: 'signatures',
    values: ['all', 'signatures', 'accepted', 'none'],
    description: 'carry `all`, `signatures`, `accepted` or `none`',
    neverEmpty: true,
  },
  {
    name: 'carry-types',
    value: 'GLOB',
    repeatable: true,
    default: 'all',
    description: 'copy only these artifact types',
    neverEmpty: true,
  },
  {
    name: 'carry-scope',
    value: 'SCOPE',
    default: 'written',
    values: ['written', 'all'],
    description: 'of images just `written`, or of `all`',
    neverEmpty: true,
  },
  {
    name: 'spool-limit',
    value: 'MIB',
    default: '8192',
    description: 'limit temporary files for large blobs',
  },
  {
    name: 'prove',
    value: 'MODE',
    default: `all below ${FEW.toLocaleString('en')}`,
    values: ['all', 'changed', 'none'],
    description: 'prove sources: `all`, `changed`, `none`',
  },
  {
    name: 'max-image-size',
    value: 'MIB',
    default: 'no limit',
    description: 'block images larger than MIB (compressed)',
  },
]);

/** Levels of checks, where those of `.cip.yaml` beside the manifests do not fit. */
export const RULE_FLAGS = flagsOf('Manifests', [
  {
    name: 'rule',
    value: 'NAME=LEVEL',
    repeatable: true,
    description: 'level of a check: `off`, `warn` or `error`',
    neverEmpty: true,
  },
]);

/** The keys that the signature of a plan file is verified with. */
export const PLAN_TRUST_FLAGS = flagsOf('Plan files', [
  {
    name: 'plan-trusted-key',
    value: 'FILE',
    repeatable: true,
    description: 'demand a signature by this key (ed25519, PEM)',
    neverEmpty: true,
  },
]);

export const REPORT_FILE_FLAGS = flagsOf('Report', [
  { name: 'report', value: 'FILE', description: 'write a JSON report; `-` is stdout' },
  { name: 'report-markdown', value: 'FILE', description: 'write a Markdown report; `-` is stdout' },
  {
    name: 'report-html',
    value: 'FILE',
    description: 'write the report as a page for a browser; `-` is stdout',
  },
  {
    name: 'attach-results',
    value: 'FILE',
    repeatable: true,
    description: 'add test results (JUnit XML) to the Markdown report',
    neverEmpty: true,
  },
]);

/** The report of a run over manifests. */
export const REPORT_FLAGS: readonly Flag[] = [
  ...REPORT_FILE_FLAGS,
  ...flagsOf('Report', [
    { name: 'report-all', description: 'report edges that are present, too' },
    { name: 'json-log-summary', description: 'legacy spelling of `-report=-`' },
  ]),
];

/** How the content of registries is read and printed. */
export const BROWSE_FLAGS = flagsOf('Snapshots', [
  {
    name: 'output-format',
    value: 'FORMAT',
    default: 'yaml',
    values: ['yaml', 'csv', 'json'],
    description: '`yaml`, `csv` or `json`',
    neverEmpty: true,
  },
  {
    name: 'output',
    value: 'FORMAT',
    values: ['yaml', 'csv', 'json'],
    description: 'same as `-output-format`',
    neverEmpty: true,
  },
  { name: 'snapshot-tag', value: 'TAG', description: 'only digests with this tag', neverEmpty: true },
  {
    name: 'minimal-snapshot',
    words: ['strict'],
    description: 'omit children of indexes; `=strict` omits signatures too',
  },
  {
    name: 'snapshot-repositories',
    value: 'FILE',
    description: 'read the repositories listed in FILE, one a line',
    neverEmpty: true,
  },
  {
    name: 'snapshot-service-account',
    value: 'ACCOUNT',
    description: 'Google service account that reads REG',
  },
]);

/** A promotion refuses these flags, and ignores their variables. */
export const SNAPSHOT_FORMATS: readonly string[] = ['output', 'output-format'];

/** Connections, credentials and limits. */
export const REGISTRY_FLAGS = flagsOf('Registries', [
  {
    name: 'threads',
    value: 'N',
    default: '50',
    description: 'limit concurrent requests to all hosts together',
  },
  { name: 'plain-http', value: 'HOST', repeatable: true, description: 'use http for HOST' },
  { name: 'key-files', value: 'CSV', description: 'use these JSON keys of Google service accounts first' },
  { name: 'no-service-account', description: 'ignore `service-account` in manifests' },
  { name: 'ca-file', value: 'FILE', repeatable: true, description: 'trust the certificates (PEM) in FILE' },
  {
    name: 'trust-realm',
    value: 'REGISTRY=HOST',
    repeatable: true,
    description: 'allow a token service of another domain',
  },
  {
    name: 'budget',
    value: 'HOST=RPS[,writes=RPS]',
    repeatable: true,
    description: 'limit requests per second',
  },
]);

export const LOG_FLAGS = flagsOf('General', [
  {
    name: 'log-level',
    value: 'LEVEL',
    default: 'info',
    values: ['debug', 'info', 'warning', 'error'],
    description: '`debug`, `info`, `warning` or `error`',
  },
  {
    name: 'log-format',
    value: 'FORMAT',
    default: 'text',
    values: ['text', 'json', 'legacy'],
    description: '`text`, `json` or `legacy`',
  },
  { name: 'quiet', description: 'print only the verdict and problems' },
  { name: 'verbose', description: 'print every edge, with full digests' },
  { name: 'no-color', description: 'print without color, like the environment variable `NO_COLOR`' },
]);

/** Each run over registries. */
export const RUN_FLAGS: readonly Flag[] = [
  ...REGISTRY_FLAGS,
  ...LOG_FLAGS,
  ...flagsOf('General', [
    { name: 'no-progress', description: 'print no progress' },
    {
      name: 'metrics',
      value: 'FILE|HOST:PORT',
      description: 'write or serve metrics for Prometheus',
      neverEmpty: true,
    },
  ]),
];

/** They go with every command. */
export const GENERAL_FLAGS = flagsOf('General', [
  { name: 'version', description: 'print the version' },
  { name: 'help', description: 'print the common flags' },
  { name: 'help-all', description: 'print all flags' },
]);
