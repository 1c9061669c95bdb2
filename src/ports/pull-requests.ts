/** A repository of a host of pull requests. */
export interface HostedRepository {
  /** `owner/name`, as the host spells it. */
  readonly name: string;
  readonly defaultBranch: string;
  readonly cloneUrl: string;
  readonly sshUrl: string;
  /** The full name of the repository that it is a fork of, directly or over others. */
  readonly forkOf: string | undefined;
  /** Whether the user of the token may request reviewers. */
  readonly mayRequestReviewers: boolean;
}

export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'closed' | 'merged';
  readonly title: string;
  readonly body: string;
}

/** The text of a pull request. */
export interface Proposal {
  readonly title: string;
  readonly body: string;
}

/** What a pull request asks for: to merge a branch of `head` into the default branch of `base`. */
export interface HeadAndBase {
  readonly base: HostedRepository;
  readonly head: HostedRepository;
  /** Of `head`. */
  readonly branch: string;
}

/** A host of pull requests, such as GitHub. */
export interface PullRequests {
  /** Throws if there is no such repository, or the token may not see it. */
  readonly readRepository: (name: string, signal: AbortSignal) => Promise<HostedRepository>;
  /** The repository `name`, which is a fork of `upstream` or `upstream` itself. A missing fork is created. */
  readonly openFork: (
    name: string,
    upstream: HostedRepository,
    signal: AbortSignal,
  ) => Promise<HostedRepository>;
  /** The open pull request of a branch, else its newest one. */
  readonly find: (branches: HeadAndBase, signal: AbortSignal) => Promise<PullRequest | undefined>;
  /** Opens a pull request, or finds the one that another run has opened meanwhile. */
  readonly create: (branches: HeadAndBase, proposal: Proposal, signal: AbortSignal) => Promise<PullRequest>;
  readonly update: (
    base: HostedRepository,
    number: number,
    proposal: Proposal,
    signal: AbortSignal,
  ) => Promise<void>;
  /** `@user` and `@organization/team`. */
  readonly requestReviewers: (
    base: HostedRepository,
    number: number,
    reviewers: readonly string[],
    signal: AbortSignal,
  ) => Promise<void>;
  readonly comment: (
    base: HostedRepository,
    number: number,
    text: string,
    signal: AbortSignal,
  ) => Promise<void>;
}
