/** A repository of the fake. */
export interface FakeRepository {
  readonly full_name: string;
  readonly default_branch: string;
  readonly clone_url: string;
  readonly ssh_url?: string;
  readonly source?: { readonly full_name: string };
  readonly permissions?: Readonly<Record<string, boolean>>;
}

export interface FakePull {
  readonly number: number;
  readonly html_url: string;
  /** `owner:branch`. */
  readonly head: string;
  /** The repository of the branch. */
  readonly from: string;
  readonly base: string;
  title: string;
  body: string;
  state: 'open' | 'closed';
  merged_at: string | null;
  requested?: unknown;
}

export interface FakeAnswer {
  readonly status: number;
  readonly value: unknown;
}

/** The user of the token. */
export const USER = 'me';
const FIRST_PULL = 7;

/** The part of GitHub's API that opening pull requests needs: repositories, forks and pulls. */
export class FakePulls {
  readonly repositories = new Map<string, FakeRepository>();
  readonly pulls: FakePull[] = [];
  /** Makes the content of a fork, and returns the URL of its clone. Default: forks cannot be made. */
  makeFork: ((upstream: FakeRepository, name: string) => string) | undefined;

  add(repository: FakeRepository): void {
    this.repositories.set(repository.full_name.toLowerCase(), repository);
  }

  /** Undefined for a request of another part of the API. */
  answer(method: string, url: URL, body: string): FakeAnswer | undefined {
    if (method === 'GET' && url.pathname === '/user') return ok({ login: USER });
    const [, name = '', rest = ''] = /^\/repos\/([^/]+\/[^/]+)(.*)$/.exec(url.pathname) ?? [];
    const repository = this.repositories.get(name.toLowerCase());
    if (repository === undefined) return undefined;
    const content: Record<string, string> = body === '' ? {} : JSON.parse(body);
    const number = Number(/^\/pulls\/(\d+)/.exec(rest)?.[1]);
    const pull = this.pulls.find((one) => one.number === number);
    if (method === 'GET' && rest === '') return ok(repository);
    if (method === 'GET' && rest.startsWith('/branches/')) return ok({});
    if (method === 'POST' && rest === '/forks') return this.#fork(repository, content);
    if (method === 'GET' && rest === '/pulls') return ok(this.#find(url.searchParams));
    if (method === 'POST' && rest === '/pulls') return this.#create(repository, content);
    if (method === 'PATCH' && pull !== undefined) return ok(Object.assign(pull, content));
    if (method === 'POST' && rest.endsWith('/requested_reviewers') && pull !== undefined) {
      pull.requested = content;
      return { status: 201, value: pull };
    }
    return undefined;
  }

  #fork(upstream: FakeRepository, { organization = USER, name = '' }: Record<string, string>): FakeAnswer {
    const full = `${organization}/${name}`;
    if (this.makeFork === undefined) return { status: 403, value: { message: 'Forking is disabled' } };
    const existing = Array.from(this.repositories.values()).find(
      ({ full_name, source }) =>
        full_name.startsWith(`${organization}/`) && source?.full_name === upstream.full_name,
    );
    if (existing !== undefined) return { status: 202, value: existing };
    const clone = this.makeFork(upstream, full);
    const source = { full_name: upstream.full_name };
    this.add({ full_name: full, default_branch: upstream.default_branch, clone_url: clone, source });
    return { status: 202, value: { full_name: full } };
  }

  #find(query: URLSearchParams): readonly unknown[] {
    return this.pulls
      .filter(({ head, base }) => head === query.get('head') && base === query.get('base'))
      .toReversed()
      .map(shownOf);
  }

  #create({ full_name: into }: FakeRepository, content: Record<string, string>): FakeAnswer {
    const { head = '', base = '', title = '', body = '', head_repo = into.split('/')[1] } = content;
    if (this.pulls.some((one) => one.head === head && one.base === base && one.state === 'open')) {
      const message = `A pull request already exists for ${head}.`;
      return { status: 422, value: { message: 'Validation Failed', errors: [{ message }] } };
    }
    const number = FIRST_PULL + this.pulls.length;
    const html_url = `https://github.example/${into}/pull/${number}`;
    const from = `${head.split(':')[0]}/${head_repo}`;
    const opened = { state: 'open', merged_at: null } as const;
    const pull: FakePull = { number, html_url, head, from, base, title, body, ...opened };
    this.pulls.push(pull);
    return { status: 201, value: shownOf(pull) };
  }
}

/** As the API shows it. */
function shownOf({ head, from, ...pull }: FakePull) {
  return { ...pull, head: { label: head, ref: head.split(':')[1], repo: { full_name: from } } };
}

function ok(value: unknown): FakeAnswer {
  return { status: 200, value };
}
