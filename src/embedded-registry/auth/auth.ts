import type { Authorizer, Backend, Call } from '../handler.ts';
import { Refusal } from '../errors.ts';
import type { Settings } from '../options.ts';
import { jsonReply, type Reply } from '../reply.ts';
import type { RegistryStore } from '../storage/store.ts';
import { type AuthOptions, type Identity, identify, identifyBasic, type Users } from './auth-options.ts';
import { type Access, covers, formatScopes, parseScopes, TokenIssuer } from './tokens.ts';

/** The authorizer of the options: open to all, or with passwords or tokens. */
export function createAuthorizer({ auth, now }: Settings, store: Pick<RegistryStore, 'exists'>): Authorizer {
  if (auth === undefined) return { admit: () => {}, issue: noTokens };
  const admitKnown = (call: Call, admit: () => void) => {
    if (auth.hides !== undefined && call.name !== '' && call.headers.authorization === undefined) {
      throw new Refusal('NAME_UNKNOWN', 'repository name not known to registry', { status: auth.hides });
    }
    admit();
  };
  if (auth.kind === 'basic') {
    const admit = (call: Call) => admitKnown(call, () => admitBasic(call, auth.users));
    return { admit, issue: noTokens };
  }
  const issuer = new TokenIssuer({ ttlSeconds: auth.ttlSeconds ?? 300, now });
  const created = new Set<string>();
  const creation = { exists: (name: string) => store.exists(name) || created.has(name), created };
  return {
    admit: (call) => admitKnown(call, () => admitBearer(call, { auth, issuer })),
    issue: (call) => issueToken(call, { auth, issuer, creation }),
  };
}

/** GET, or POST of an OAuth2 form. */
export function getToken(call: Call, { authorizer }: Backend): Promise<Reply> {
  return authorizer.issue(call);
}

type TokenAuth = Extract<AuthOptions, { kind: 'token' }>;

const MAX_FORM_BYTES = 64 * 1024;

function noTokens(): Promise<Reply> {
  throw new Refusal('UNSUPPORTED', 'no tokens are issued here', { status: 404 });
}

function admitBasic(call: Call, users: Users): void {
  const identity = identifyBasic(call.headers.authorization, users);
  if (identity === undefined || identity === 'rejected')
    throw unauthorized('Basic realm="embedded-registry"');
}

function admitBearer(call: Call, { auth, issuer }: { auth: TokenAuth; issuer: TokenIssuer }): void {
  const needed = neededAccess(call, auth);
  const token = /^bearer +(\S+)$/i.exec(call.headers.authorization ?? '')?.[1];
  if (token === undefined) throw unauthorized(challenge(call, needed));
  const rights = issuer.rightsOf(token);
  if (rights === undefined) throw unauthorized(`${challenge(call, needed)},error="invalid_token"`);
  if (!covers(rights, needed)) throw unauthorized(`${challenge(call, needed)},error="insufficient_scope"`);
}

/** The access that Docker's registry requires: DELETE is a right of its own, also for cancelling an upload. */
function neededAccess({ method, name, path, query }: Call, auth: TokenAuth): Access[] {
  const { scopeName = (own: string) => own, scopeWord } = auth;
  if (scopeWord !== undefined) return [{ resource: scopeWord, actions: [] }];
  if (path === '/v2/_catalog') return [{ resource: 'registry:catalog', actions: ['*'] }];
  if (name === '') return [];
  const resource = `repository:${scopeName(name)}`;
  if (method === 'GET' || method === 'HEAD') return [{ resource, actions: ['pull'] }];
  if (method === 'DELETE') return [{ resource, actions: ['delete'] }];
  const from = query.has('mount') ? query.get('from') : null;
  const source = from === null ? [] : [{ resource: `repository:${scopeName(from)}`, actions: ['pull'] }];
  return [{ resource, actions: ['pull', 'push'] }, ...source];
}

/** @see https://distribution.github.io/distribution/spec/auth/token/ */
function challenge(call: Call, needed: readonly Access[]): string {
  const host = call.headers.host ?? '127.0.0.1';
  const scope = needed.length === 0 ? '' : `,scope="${formatScopes(needed)}"`;
  return `Bearer realm="http://${host}/token",service="${host}"${scope}`;
}

interface Creation {
  readonly exists: (name: string) => boolean;
  /** Repositories that a token request has created. */
  readonly created: Set<string>;
}

async function issueToken(
  call: Call,
  { auth, issuer, creation }: { auth: TokenAuth; issuer: TokenIssuer; creation: Creation },
): Promise<Reply> {
  const form =
    call.method === 'POST'
      ? new URLSearchParams((await call.readBody(MAX_FORM_BYTES)).toString())
      : call.query;
  const identity =
    call.method === 'POST' ? identifyForm(form, auth) : identifyBasic(call.headers.authorization, auth.users);
  if (identity === 'rejected' || (identity === undefined && auth.anonymousPull !== true)) {
    throw unauthorized('Basic realm="embedded-registry"');
  }
  const asked = grantExisting(parseScopes(form.getAll('scope')), { auth, creation });
  const token = issuer.issue(identity === undefined ? asked.map(onlyPull) : asked);
  return jsonReply({ token, access_token: token, expires_in: auth.ttlSeconds ?? 300 });
}

/** The requested access to repositories that exist, or are created now. */
function grantExisting(
  asked: readonly Access[],
  { auth: { pullOfMissing = 'granted' }, creation }: { auth: TokenAuth; creation: Creation },
): readonly Access[] {
  if (pullOfMissing === 'granted') return asked;
  const granted = asked.filter(({ resource, actions }) => {
    const name = resource.replace(/^repository:/, '');
    if (actions.includes('push')) creation.created.add(name);
    return creation.exists(name);
  });
  if (granted.length === 0 && asked.length > 0 && pullOfMissing === 'refused') {
    throw unauthorized('Basic realm="embedded-registry"');
  }
  return granted;
}

/** @see https://distribution.github.io/distribution/spec/auth/oauth/ */
function identifyForm(form: URLSearchParams, { users, refreshTokens = {} }: TokenAuth): Identity {
  if (form.get('grant_type') === 'refresh_token') {
    const user = refreshTokens[form.get('refresh_token') ?? ''];
    return user === undefined ? 'rejected' : { user };
  }
  return identify({ user: form.get('username') ?? '', password: form.get('password') ?? '' }, users);
}

function onlyPull({ resource, actions }: Access): Access {
  const isRepository = resource.startsWith('repository:');
  return { resource, actions: isRepository ? actions.filter((action) => action === 'pull') : [] };
}

function unauthorized(wwwAuthenticate: string): Refusal {
  return new Refusal('UNAUTHORIZED', 'authentication required', {
    headers: { 'WWW-Authenticate': wwwAuthenticate },
  });
}
