// The command lines of the jobs that promote images for Kubernetes, as they stand in its configuration of Prow.

/** A job, with what its container runs. */
export interface ProwJob {
  readonly name: string;
  readonly type: 'presubmit' | 'postsubmit' | 'periodic';
  /** `/kpromo`, and flags that stand there. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** Variables of the container; Prow adds those of the job. */
  readonly env?: Readonly<Record<string, string>>;
  /** The refusal of a job that this program does not do. */
  readonly refused?: RegExp;
}

const CLONES = '/home/prow/go/src/github.com';
const K8S_IO = `${CLONES}/kubernetes/k8s.io`;
const IDENTITY = [
  '--certificate-identity-regexp=(krel-staging@k8s-releng-prod.iam.gserviceaccount.com)|(krel-trust@k8s-releng-prod.iam.gserviceaccount.com)',
  '--certificate-oidc-issuer=https://accounts.google.com',
];
const IMAGES = ['cip', `--thin-manifest-dir=${K8S_IO}/registry.k8s.io`];
const CANARY = ['cip', `--thin-manifest-dir=${CLONES}/kubernetes-sigs/promo-tools/canary`, '--confirm'];
const KPROMO = ['/kpromo'];
const FILES = /unknown command "run files": only images are promoted/;

export const PROW_JOBS: readonly ProwJob[] = [
  {
    name: 'pull-k8sio-cip',
    type: 'presubmit',
    command: KPROMO,
    args: [...IMAGES, '--use-prow-manifest-diff', ...IDENTITY],
  },
  {
    name: 'post-k8sio-image-promo',
    type: 'postsubmit',
    command: KPROMO,
    args: [...IMAGES, '--use-prow-manifest-diff', ...IDENTITY, '--confirm'],
    env: { GOMAXPROCS: '7' },
  },
  {
    name: 'ci-k8sio-image-promo',
    type: 'periodic',
    command: KPROMO,
    args: [...IMAGES, '--confirm', ...IDENTITY, '--manifest-diff-since=14 days'],
    env: { GOMAXPROCS: '7' },
  },
  // until June 2026
  {
    name: 'ci-k8sio-image-promo, all manifests',
    type: 'periodic',
    command: KPROMO,
    args: [...IMAGES, '--confirm', ...IDENTITY],
  },
  { name: 'post-promo-tools-image-promo-canary', type: 'postsubmit', command: KPROMO, args: CANARY },
  {
    name: 'ci-promo-tools-image-promo-canary',
    type: 'periodic',
    command: KPROMO,
    args: [
      ...CANARY,
      '--log-level=debug',
      '--certificate-identity-regexp=(keyless@projectsigstore.iam.gserviceaccount.com)|(krel-trust@k8s-releng-prod.iam.gserviceaccount.com)',
    ],
  },
  {
    name: 'periodic-release-verify-image-signatures',
    type: 'periodic',
    command: ['/kpromo', '--from-days=7'], // before its subcommand
    args: ['sigcheck'],
    refused: /no images given: add -thin-manifest-dir=DIR/,
  },
  {
    name: 'pull-k8sio-cip-vuln',
    type: 'presubmit',
    command: KPROMO,
    args: [...IMAGES, '--use-prow-manifest-diff', '--vuln-severity-threshold=1'],
  },
  {
    name: 'ci-k8sio-image-signature-replication',
    type: 'periodic',
    command: KPROMO,
    args: ['cip', 'replicate-signatures'],
    refused: /unexpected argument "replicate-signatures"/,
  },
  ...(['presubmit', 'postsubmit', 'periodic'] as const).map((type) => ({
    name: `${type} of files`,
    type,
    command: KPROMO,
    args: [
      'run',
      'files',
      `--manifests=${K8S_IO}/artifacts/`,
      ...(type === 'presubmit' ? [] : ['--confirm']),
    ],
    refused: FILES,
  })),
  {
    name: 'ci-k8sio-file-promo-mirrors',
    type: 'periodic',
    command: KPROMO,
    args: ['run', 'files', `--manifests=${K8S_IO}/artifacts/mirroring`, '--confirm', '--use-service-account'],
    refused: FILES,
  },
];
