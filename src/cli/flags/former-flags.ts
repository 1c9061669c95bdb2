import type { Flag } from './flag.ts';

// Flags of the original that still stand in somebody's job, or in documents about it.

type Row = readonly [name: string, value?: string];

/** Refused, with the replacement. */
const REFUSED: readonly (readonly [advice: string, ...rows: Row[]])[] = [
  [
    'give the manifest a policy instead: provenance in promoter-manifest.yaml (docs/verification.md)',
    ['require-provenance'],
    ['allowed-builders', 'CSV'],
    ['allowed-source-repos', 'CSV'],
  ],
  [
    'every *.yaml below it was a plain manifest: give each with -manifest=FILE, or lay them out as thin manifests for -thin-manifest-dir=DIR',
    ['manifest-dir', 'DIR'],
  ],
  ["nothing is ever deleted here: use the registry's own cleanup policies", ['garbage-collect']],
  [
    'nothing is ever deleted here: cip diff shows which tags a registry has beside those of the manifests',
    ['delete-extra-tags'],
  ],
  [
    'it goes with -audit, which is cip audit serve now',
    ['audit-manifest-repo-url', 'URL'],
    ['audit-manifest-repo-branch', 'BRANCH'],
    ['audit-manifest-path', 'DIR'],
    ['audit-gcp-project-id', 'PROJECT'],
  ],
  ['use -snapshot=REG instead', ['gen-images']],
  ['use -snapshot=REG -output-format=csv instead', ['flattened-snapshot']],
  [
    'use cip verify -deep instead: it looks whether all that the manifests lead to is there',
    ['check-manifest-lists-from-snapshot', 'FILE'],
  ],
  ['it went with -check-manifest-lists-from-snapshot: use cip verify -deep', ['repository', 'REPOSITORY']],
];

/** Accepted without effect. */
const INERT: readonly (readonly [why: string, ...rows: Row[]])[] = [
  ['signatures are stored where they are made: -threads limits requests', ['max-signature-copies', 'N']],
  ['accounts are no longer switched on by a flag', ['use-service-account']],
  ['use -log-level instead', ['v', 'N'], ['vmodule', 'PATTERNS'], ['verbosity', 'N']],
  ['there is one way of promoting', ['use-legacy-pipeline']],
  [
    'the log always goes to stderr',
    ['logtostderr'],
    ['alsologtostderr'],
    ['one_output'],
    ['stderrthreshold', 'LEVEL'],
    ['log_dir', 'DIR'],
    ['log_file', 'FILE'],
    ['log_file_max_size', 'MIB'],
    ['log_backtrace_at', 'PLACE'],
    ['skip_headers'],
    ['skip_log_headers'],
    ['add_dir_header'],
  ],
];

export const FORMER_FLAGS: readonly Flag[] = [
  ...REFUSED.flatMap(([refused, ...rows]) =>
    rows.map((row) => ({ ...named(row), group: 'Gone', description: refused, refused })),
  ),
  ...INERT.flatMap(([inert, ...rows]) =>
    rows.map((row) => ({ ...named(row), group: 'Without effect', description: inert, inert })),
  ),
];

function named([name, value]: Row): Pick<Flag, 'name' | 'value'> {
  return value === undefined ? { name } : { name, value };
}
