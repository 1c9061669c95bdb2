import type { FaultAct } from '../../src/embedded-registry/embedded-registry.ts';

/** What tags/list is answered with, in turn: the last answer again and again. */
export type Answers = readonly (FaultAct & { readonly kind: 'status' })[];

export interface LyingList {
  readonly what: string;
  readonly answers: Answers;
  /** True where it breaks off, or is no answer about the repository at all, so that nobody may take it for a list. */
  readonly isBroken: boolean;
}

export function answer(
  status: number,
  body: unknown = '',
  headers: Record<string, string> = {},
): Answers[number] {
  return { kind: 'status', status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

export function refusal(status: number, code: string): Answers[number] {
  return answer(status, { errors: [{ code, message: 'no' }] });
}

export function page(tags: unknown, link: string): Answers[number] {
  return answer(200, { name: 'prod/app', tags }, { Link: link });
}

const NEXT = '</v2/prod/app/tags/list?last=v1>; rel="next"';
const FIRST = page(['old', 'v1'], NEXT);
const HTML = '<p>Log in</p>';
const OTHER_HOST = '<http://127.0.0.1:1/v2/prod/app/tags/list?last=v1>; rel="next"';

const BROKEN: Readonly<Record<string, Answers>> = {
  '404 of a proxy': [answer(404, HTML)],
  '404 without a word': [answer(404)],
  '404 UNSUPPORTED': [refusal(404, 'UNSUPPORTED')],
  '405': [refusal(405, 'UNSUPPORTED')],
  '403': [refusal(403, 'DENIED')],
  'a web page': [answer(200, HTML)],
  'an error in disguise': [refusal(200, 'DENIED')],
  'a second page that is 404': [FIRST, answer(404)],
  'a second page that is unknown': [FIRST, refusal(404, 'NAME_UNKNOWN')],
  'a second page that is refused for its n': [FIRST, refusal(400, 'PAGINATION_NUMBER_INVALID')],
  'a second page that is denied': [FIRST, refusal(403, 'DENIED')],
  'a second page that wants credentials': [FIRST, answer(401, '', { 'WWW-Authenticate': 'Negotiate' })],
  'a second page that fails for good': [FIRST, answer(503)],
  'a second page that is a web page': [FIRST, answer(200, HTML)],
  'a second page that is the first again': [FIRST, answer(200, { tags: ['old', 'v1'] })],
  'a second page without a list': [FIRST, answer(200, {})],
  'a second page with another kind of list': [FIRST, answer(200, { child: [], manifest: {} })],
  'a page that links to itself': [page(['old', 'v1'], '</v2/prod/app/tags/list>; rel="next"')],
  'a link to another host': [page(['old', 'v1'], OTHER_HOST)],
  'a link to another repository': [page(['old', 'v1'], '</v2/app/tags/list?last=v1>; rel="next"')],
  'a link that cannot be read': [page(['old', 'v1'], '</v2/prod/app/tags/list; rel="next"')],
  'a link without brackets, to nothing': [
    page(['old', 'v1'], '/v2/prod/app/tags/list?x; rel=next'),
    answer(404),
  ],
  "Google's, without digests": [answer(200, { child: [], tags: ['old', 'v1', 'v2'] })],
};

const SHORT: Readonly<Record<string, Answers>> = {
  '404 NAME_UNKNOWN': [refusal(404, 'NAME_UNKNOWN')],
  'an empty list': [answer(200, { tags: [] })],
  null: [answer(200, { tags: null })],
  'a list without some': [answer(200, { tags: ['old'] })],
  'a second page that is empty': [FIRST, answer(200, { tags: [] })],
  "Google's, without images": [answer(200, { child: [], manifest: {}, tags: [] })],
  "Google's, without a map": [answer(200, { child: [] })],
};

/** Lists of the repository `prod/app`, which has the tags `old`, `v1` and `v2` and others. */
export const LYING_LISTS: readonly LyingList[] = [
  ...Object.entries(BROKEN).map(([what, answers]) => ({ what, answers, isBroken: true })),
  ...Object.entries(SHORT).map(([what, answers]) => ({ what, answers, isBroken: false })),
];
