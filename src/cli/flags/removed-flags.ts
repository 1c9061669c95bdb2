import type { FlagSpec } from './flag-spec.ts';

/** Flags that the original had for some time and that still stand in somebody's job, or in what others tell of it. */
export const REMOVED_FLAGS: readonly FlagSpec[] = [
  refused(
    'manifest-dir',
    'DIR',
    'every *.yaml below it was a plain manifest: give each with -manifest=FILE, or lay them out as thin manifests for -thin-manifest-dir=DIR',
  ),
  refused('garbage-collect', undefined, 'nothing is ever deleted here: use what the registry has for that'),
  refused(
    'delete-extra-tags',
    undefined,
    'nothing is ever deleted here: cip diff shows which tags a registry has beside those of the manifests',
  ),
  refused('gen-images', undefined, 'use -snapshot=REG instead'),
  refused('flattened-snapshot', undefined, 'use -snapshot=REG -output-format=csv instead'),
  refused(
    'check-manifest-lists-from-snapshot',
    'FILE',
    'use cip verify -deep instead: it looks whether all that the manifests lead to is there',
  ),
  refused(
    'repository',
    'REPOSITORY',
    'it went with -check-manifest-lists-from-snapshot: use cip verify -deep',
  ),
  planned('audit'),
  planned('audit-manifest-repo-url', 'URL'),
  planned('audit-manifest-repo-branch', 'BRANCH'),
  planned('audit-manifest-path', 'PATH'),
  planned('audit-gcp-project-id', 'PROJECT'),
  // gates: a run without them would promote what they were given to hold back
  planned('require-provenance'),
  planned('allowed-builders', 'CSV'),
  planned('allowed-source-repos', 'CSV'),
  inert('verification-summaries', undefined, 'nothing is attested yet, so this has no effect'),
  inert('summary-signer-account', 'ACCOUNT', 'nothing is attested yet, so this has no effect'),
  inert('use-legacy-pipeline', undefined, 'there is one way of promoting'),
  inert('verbose', undefined, 'use -log-level=debug instead'),
  inert('one_output', undefined, 'the log always goes to stderr'),
];

function refused(name: string, value: string | undefined, refused: string): FlagSpec {
  return { ...named(name, value), group: 'gone', description: refused, refused };
}

function planned(name: string, value?: string): FlagSpec {
  return { ...named(name, value), group: 'planned', description: 'not yet', planned: true };
}

function inert(name: string, value: string | undefined, inert: string): FlagSpec {
  return { ...named(name, value), group: 'upstream', description: inert, inert };
}

function named(name: string, value: string | undefined): Pick<FlagSpec, 'name' | 'value'> {
  return value === undefined ? { name } : { name, value };
}
