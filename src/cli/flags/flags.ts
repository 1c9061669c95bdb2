import { FEW } from '../../checks/images-to-copy.ts';
import { GRACE } from '../runtime/stop-signals.ts';
import type { FlagSpec } from './flag-spec.ts';
import { REMOVED_FLAGS } from './removed-flags.ts';
import { UPSTREAM_FLAGS } from './upstream-flags.ts';

const OWN_FLAGS = [
  { name: 'manifest', value: 'FILE', group: 'manifests', description: 'one plain manifest' },
  {
    name: 'thin-manifest-dir',
    value: 'DIR',
    group: 'manifests',
    description:
      'a directory of thin manifests: `manifests/X/promoter-manifest.yaml` and `images/X/images.yaml`',
  },
  {
    name: 'parse-only',
    group: 'manifests',
    description: 'parse, validate and find conflicts, then stop; never touches the network',
  },
  {
    name: 'confirm',
    group: 'promotion',
    description:
      'really promote (or repair, with `verify -repair`); without it every run is a dry run that writes nothing',
  },
  {
    name: 'dry-run',
    group: 'promotion',
    default: 'true',
    description: 'the spelling of the default; `-dry-run=false` is the legacy spelling of `-confirm`',
  },
  {
    name: 'deep',
    group: 'verify',
    command: 'verify',
    description: 'check children and blobs too, except nondistributable layers with `urls`',
  },
  {
    name: 'repair',
    group: 'verify',
    command: 'verify',
    description:
      'with `-deep`: show what would be sent to images that lack content; with `-confirm`: send it, by digest, no tag is touched',
  },
  {
    name: 'via',
    value: 'HOST[=ROOT]',
    group: 'verify',
    command: 'verify',
    description:
      'ask this host instead of the destinations; what they hold below the path ROOT it has without that path (default: all of it, and `k8s-artifacts-prod/images` for `registry.k8s.io`)',
  },
  {
    name: 'shard',
    value: 'INDEX/COUNT',
    group: 'promotion',
    description:
      'only one part of the destination repositories: `0/3`, `1/3` and `2/3` together are all of them; wins over `JOB_COMPLETION_INDEX`, `CLOUD_RUN_TASK_INDEX` and `CLOUD_RUN_TASK_COUNT`, which are used where they are set',
  },
  {
    name: 'shard-count',
    value: 'N',
    group: 'promotion',
    description: 'how many shards there are, where the environment only says which one this is',
  },
  {
    name: 'spool-limit',
    value: 'MIB',
    group: 'promotion',
    default: '8192',
    description:
      'mebibytes of temporary files (in `$TMPDIR`, else `/var/tmp`) for large blobs that go to several hosts; with 0 every host reads its own',
  },
  {
    name: 'deadline',
    value: 'DURATION',
    group: 'promotion',
    description: `stop after this time (\`90m\`, \`1h30m\`): nothing new is begun, what is in flight has ${GRACE / 1000} s more to be finished, so a promotion may take so much longer; the rest is reported as not attempted; a verification or a snapshot ends at once with what it has`,
  },
  {
    name: 'no-siblings',
    group: 'promotion',
    description:
      'copy from the source only, never from a destination of the same manifest that has the digest',
  },
  {
    name: 'allow-lost',
    group: 'promotion',
    description: 'lost images are warned about but do not change the exit code',
  },
  {
    name: 'prove',
    value: 'MODE',
    group: 'promotion',
    default: `all below ${FEW.toLocaleString('en')} digests`,
    description:
      'prove in a dry run that the images to copy are complete at their source: `all`, `changed` or `none`',
  },
  {
    name: 'max-image-size',
    value: 'MIB',
    group: 'promotion',
    default: 'no limit',
    description: 'block images whose largest platform has more than MIB mebibytes, compressed',
  },
  {
    name: 'report',
    value: 'FILE',
    group: 'report',
    description: 'write the report of the run as JSON; `-` is stdout',
  },
  {
    name: 'report-markdown',
    value: 'FILE',
    group: 'report',
    description: 'write it as Markdown; `-` is stdout',
  },
  { name: 'report-all', group: 'report', description: 'report the edges that are present too' },
  { name: 'json-log-summary', group: 'report', description: 'the legacy spelling of `-report=-`' },
  {
    name: 'snapshot',
    value: 'REG',
    group: 'snapshots',
    description: 'print every image at and below a registry (`host` or `host/path`), and do nothing else',
  },
  {
    name: 'manifest-based-snapshot-of',
    value: 'REG',
    group: 'snapshots',
    description: 'print what the manifests want there instead; needs no network unless it is to be minimal',
  },
  {
    name: 'output-format',
    value: 'FORMAT',
    group: 'snapshots',
    default: 'yaml',
    description: '`yaml`, `csv` or `json`',
  },
  {
    name: 'output',
    value: 'FORMAT',
    group: 'snapshots',
    description: 'another spelling of `-output-format`',
  },
  {
    name: 'snapshot-tag',
    value: 'TAG',
    group: 'snapshots',
    description: 'only digests that carry this tag, with this tag alone',
  },
  {
    name: 'minimal-snapshot',
    group: 'snapshots',
    words: ['strict'],
    description:
      'leave out untagged digests that an index lists; `=strict` leaves out signatures and attestations too, unless they carry a tag of their own',
  },
  {
    name: 'snapshot-repositories',
    value: 'FILE',
    group: 'snapshots',
    description:
      'repositories to read, one a line, for registries that do not tell theirs, or not all; those of the manifests are read too',
  },
  {
    name: 'snapshot-service-account',
    value: 'ACCOUNT',
    group: 'snapshots',
    description: 'the Google service account to read the registry as',
  },
  {
    name: 'threads',
    value: 'N',
    group: 'registries',
    default: '50',
    description: 'upper bound on concurrent requests, all hosts together; a blob in flight counts once',
  },
  {
    name: 'plain-http',
    value: 'HOST',
    group: 'registries',
    repeatable: true,
    description:
      'speak http to this host (repeatable); loopback hosts are http by default, unless they have a directory in `certs.d`',
  },
  {
    name: 'key-files',
    value: 'CSV',
    group: 'registries',
    description: 'JSON key files of Google service accounts, used before any other credential',
  },
  {
    name: 'no-service-account',
    group: 'registries',
    description: 'use no `service-account` of the manifests',
  },
  {
    name: 'ca-file',
    value: 'FILE',
    group: 'registries',
    repeatable: true,
    description: 'certificates (PEM) to trust beside the known ones (repeatable)',
  },
  {
    name: 'trust-realm',
    value: 'REGISTRY=HOST',
    group: 'registries',
    repeatable: true,
    description:
      'send the credentials for a registry to a token service of another domain, or, as REGISTRY=REGISTRY, tokens of Google accounts to a registry that is not of Google (repeatable)',
  },
  {
    name: 'budget',
    value: 'HOST=RPS[,writes=RPS]',
    group: 'registries',
    repeatable: true,
    description:
      "requests per second to this host, and writes of them; `user=RPS`: of each identity at Google's hosts (repeatable; default: Google's documented quotas, elsewhere what the host bears)",
  },
  {
    name: 'log-level',
    value: 'LEVEL',
    group: 'general',
    default: 'info',
    description: '`debug`, `info`, `warning` or `error`',
  },
  { name: 'log-format', value: 'FORMAT', group: 'general', default: 'text', description: '`text` or `json`' },
  {
    name: 'no-progress',
    group: 'general',
    description:
      'no progress: neither the display on a terminal nor, elsewhere, a line in the log every 30 s',
  },
  { name: 'version', group: 'general', description: 'print the version' },
  {
    name: 'json',
    group: 'general',
    command: 'version',
    description: 'of `version`: print it as JSON (also `-j`)',
  },
  { name: 'help', group: 'general', description: 'print this help' },
] as const satisfies readonly FlagSpec[];

/** The table that parsing, help and the README are made from. */
export const FLAGS: readonly FlagSpec[] = [...OWN_FLAGS, ...UPSTREAM_FLAGS, ...REMOVED_FLAGS];

/** A flag that has a meaning here. */
export type FlagName = (typeof OWN_FLAGS)[number]['name'];
