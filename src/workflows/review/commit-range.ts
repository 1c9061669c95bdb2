import type { CommitRange } from '../../report/review/review.ts';

/** The source of an image, from its labels or annotations. */
export interface SourceCommit {
  /** `org.opencontainers.image.source` */
  readonly source: string | undefined;
  /** `org.opencontainers.image.revision` */
  readonly revision: string | undefined;
}

/** The commits between two images; null if one names no commit, or both name the same. */
export function commitRange(before: SourceCommit, after: SourceCommit): CommitRange | null {
  const [from, to] = [before.revision, after.revision];
  if (!isCommit(from) || !isCommit(to) || from === to) return null;
  const project = projectAt(after.source);
  const isSame = project !== undefined && projectAt(before.source)?.url === project.url;
  return { before: from, after: to, url: isSame ? `${project.url}/${project.path}/${from}...${to}` : null };
}

function isCommit(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{7,64}$/i.test(text);
}

/** A project on GitHub or GitLab, and the path of its comparisons. */
function projectAt(source = ''): { readonly url: string; readonly path: string } | undefined {
  const ssh = /^(?:ssh:\/\/)?git@([\w.-]{1,200})[:/](.{1,300})$/.exec(source);
  const text = ssh === null ? source.replace(/^git\+/, '') : `https://${ssh[1]}/${ssh[2]}`;
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, pathname } = new URL(text); // without user and password
  const [owner = '', name = '', ...below] = pathname
    .slice(1)
    .split('/')
    .filter((part) => part !== '');
  const bare = [owner, name, ...below].map((part) => part.replace(/\.git$/, ''));
  if (!/^(?:https?|git):$/.test(protocol) || bare.some((part) => !/^[\w.-]+$/.test(part))) return undefined;
  // GitHub has paths below a project (`/tree/main/images`), GitLab has projects below groups
  if (isHostOf('github', host)) return { url: `https://${host}/${bare[0]}/${bare[1]}`, path: 'compare' };
  const end = bare.indexOf('-'); // GitLab: `/-/tree/main`
  const path = (end === -1 ? bare : bare.slice(0, end)).join('/');
  return isHostOf('gitlab', host) ? { url: `https://${host}/${path}`, path: '-/compare' } : undefined;
}

/** True for `NAME.com` and for private hosts such as `NAME.example.com`. */
function isHostOf(name: string, host: string): boolean {
  return host === `${name}.com` || host.startsWith(`${name}.`);
}
