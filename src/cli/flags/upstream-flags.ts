import type { FlagSpec } from './flag-spec.ts';

/** Flags of the original that are refused until they are built, and those that are accepted and do nothing. */
export const UPSTREAM_FLAGS: readonly FlagSpec[] = [
  ...planned([['use-prow-manifest-diff'], ['manifest-diff-since', 'AGE'], ['vuln-severity-threshold', 'N']]),
  ...inert('nothing is signed yet, so this has no effect', [
    ['signer-account', 'ACCOUNT'],
    ['certificate-identity', 'IDENTITY'],
    ['certificate-identity-regexp', 'REGEXP'],
    ['certificate-oidc-issuer', 'URL'],
    ['certificate-oidc-issuer-regexp', 'REGEXP'],
    ['sign'],
    ['max-signature-ops', 'N'],
    ['max-signature-copies', 'N'],
  ]),
  ...inert('accounts are no longer switched on by a flag', [['use-service-account']]),
  ...inert('use -log-level instead', [
    ['v', 'N'],
    ['vmodule', 'PATTERNS'],
    ['verbosity', 'N'],
  ]),
  ...inert('the log always goes to stderr', [
    ['logtostderr'],
    ['alsologtostderr'],
    ['stderrthreshold', 'LEVEL'],
    ['log_dir', 'DIR'],
    ['log_file', 'FILE'],
    ['log_file_max_size', 'MIB'],
    ['log_backtrace_at', 'PLACE'],
    ['skip_headers'],
    ['skip_log_headers'],
    ['add_dir_header'],
  ]),
];

type Row = readonly [name: string, value?: string];

function planned(rows: readonly Row[]): FlagSpec[] {
  return rows.map(([name, value]) => ({
    ...row(name, value),
    description: 'not yet',
    group: 'planned',
    planned: true,
  }));
}

function inert(why: string, rows: readonly Row[]): FlagSpec[] {
  return rows.map(([name, value]) => ({
    ...row(name, value),
    description: why,
    group: 'upstream',
    inert: why,
  }));
}

function row(name: string, value: string | undefined) {
  return value === undefined ? { name } : { name, value };
}
