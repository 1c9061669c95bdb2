import { flagsOf } from '../flags/flag.ts';
import { RUN_FLAGS } from '../flags/flags.ts';
import { FORMER_FLAGS } from '../flags/former-flags.ts';
import { type PullRequestOptions, pullRequestOptionsOf } from '../flags/options/pull-request-options.ts';
import { defineCommand } from './command.ts';

const PULL_REQUEST_FLAGS = flagsOf('Pull request', [
  { name: 'fork', value: 'OWNER[/REPO]', description: 'push to this fork, or to the repository itself' },
  { name: 'tag', value: 'TAG', repeatable: true, description: 'promote this tag, glob or range of versions' },
  { name: 't', value: 'TAG', repeatable: true, description: 'same as `-tag`' },
  {
    name: 'project',
    value: 'NAME',
    default: 'kubernetes',
    description: 'promote images of this project',
  },
  {
    name: 'staging-repo',
    value: 'REG',
    default: 'gcr.io/k8s-staging-NAME',
    description: 'source registry of the project',
    neverEmpty: true,
  },
  { name: 'staging_repo', value: 'REG', description: 'same as `-staging-repo`', neverEmpty: true },
  { name: 'image', value: 'NAME', repeatable: true, description: 'only this image or glob' },
  { name: 'digests', value: 'DIGEST', repeatable: true, description: 'only this digest or glob' },
  { name: 'upstream', value: 'OWNER/REPO', description: 'the repository of the manifests' },
  {
    name: 'base_dir',
    value: 'DIR',
    description: 'the manifest directory in a local checkout, which is only read',
  },
  {
    name: 'reviewers',
    value: 'TEXT',
    description: 'mention these reviewers',
  },
  { name: 'issue', value: 'URL', description: 'refer to an issue' },
  { name: 'interactive', description: 'ask before each step' },
  { name: 'i', description: 'same as `-interactive`' },
  {
    name: 'use-ssh',
    default: 'true',
    description: 'push by ssh; `=false`: by https with the token',
  },
  { name: 'watch', description: 'promote the tags that the section `watch` of `.cip.yaml` names' },
  { name: 'dry-run', description: 'print the pull request and a diff; change nothing' },
  {
    name: 'github-api-url',
    value: 'URL',
    default: 'https://api.github.com',
    description: 'the URL of the GitHub API',
    neverEmpty: true,
  },
  {
    name: 'update-repo',
    description: 'of kpromo',
    inert: 'every run clones the newest commit',
  },
]);

/** `cip pr`, also `kpromo pr`. */
export const pr = defineCommand<PullRequestOptions>({
  words: 'pr',
  isOfKpromo: true,
  flags: [...PULL_REQUEST_FLAGS, ...RUN_FLAGS, ...FORMER_FLAGS.filter(({ inert }) => inert !== undefined)],
  help: {
    about: 'opens a pull request that adds the tags of a staging registry to the manifests.',
    summary: ['-fork=OWNER -tag=TAG', 'open a pull request that promotes a tag'],
    examples: [
      ['-fork=OWNER -project=NAME -tag=v1.2.0', 'open or update a pull request'],
      ['-fork=OWNER -project=NAME -tag=v1.2.0 -dry-run', 'print the pull request only'],
      ['-fork=OWNER -base_dir=DIR -watch', 'open one for each project with new tags'],
    ],
    notes: [
      'Set GITHUB_TOKEN or GH_TOKEN to a token. Changes are made in a temporary clone.',
      'A second run with the same selection updates its branch and its pull request.',
    ],
    exit: '0 opened, updated or nothing to do; 1 refused or failed; 2 unusable input; 130, 143 stopped.',
  },
  parse: pullRequestOptionsOf,
  run: async (options, context) => (await import('./run/run-pr.ts')).runPullRequest(options, context),
});
