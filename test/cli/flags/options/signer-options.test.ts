import { describe, expect, it } from 'vitest';
import { FlagValues } from '../../../../src/cli/flags/flag-values.ts';
import { signerOptionsOf } from '../../../../src/cli/flags/options/signer-options.ts';

const ACCOUNT = 'signer@prod.iam.gserviceaccount.com';
const PUBLIC = {
  fulcio: 'https://fulcio.sigstore.dev',
  rekor: 'https://rekor.sigstore.dev',
  rekorVersion: 1,
};

function parse(flags: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}) {
  const values = Object.entries(flags).map(([name, value]) => [name, [value]] as const);
  return signerOptionsOf(new FlagValues(new Map(values)), env);
}

describe('the signer', () => {
  it('is none without a flag and a variable', () => {
    expect(parse({})).toBeUndefined();
    expect(parse({ 'rekor-url': 'https://rekor.example.com', 'signer-account': '' })).toBeUndefined();
  });

  it.each([
    [{ 'signer-account': ACCOUNT }, {}, { kind: 'account', account: ACCOUNT }],
    [{ 'identity-token': 'file' }, { SIGSTORE_ID_TOKEN: 'x' }, { kind: 'file', file: 'file' }],
    [{}, { SIGSTORE_ID_TOKEN: 'x' }, { kind: 'environment' }],
    [{}, { ACTIONS_ID_TOKEN_REQUEST_URL: 'x' }, { kind: 'environment' }],
  ])('of %j and %j is the public instance, logged', (flags, env, token) => {
    expect(parse(flags, env)).toEqual({
      key: { kind: 'keyless', token },
      services: { kind: 'urls', ...PUBLIC, timestamps: undefined },
      isLogged: true,
    });
  });

  it('by a key is logged only if that is asked for', () => {
    const key = { kind: 'file', file: 'cosign.key' };
    expect(parse({ 'sign-key': 'cosign.key' }, { SIGSTORE_ID_TOKEN: 'x' })).toMatchObject({
      key,
      isLogged: false,
    });
    expect(parse({ 'sign-key': 'cosign.key', 'sign-log': 'true' })).toMatchObject({ key, isLogged: true });
  });

  it('may be a command', () => {
    expect(parse({ 'sign-command': 'kms sign', 'sign-command-key': 'kms.pub' })).toMatchObject({
      key: { kind: 'command', command: 'kms sign', publicKey: 'kms.pub' },
    });
  });

  it('may use another instance', () => {
    const flags = {
      'signer-account': ACCOUNT,
      'fulcio-url': 'http://127.0.0.1:5555',
      'rekor-url': 'https://rekor.example.com/base/',
      'rekor-version': '2',
      'timestamp-url': 'https://tsa.example.com/api/v1/timestamp',
    };
    expect(parse(flags)?.services).toEqual({
      kind: 'urls',
      fulcio: 'http://127.0.0.1:5555',
      rekor: 'https://rekor.example.com/base/',
      rekorVersion: 2,
      timestamps: 'https://tsa.example.com/api/v1/timestamp',
    });
    const file = { 'signer-account': ACCOUNT, 'signing-config': 'signing-config.json' };
    expect(parse(file)?.services).toEqual({ kind: 'file', file: 'signing-config.json' });
  });
});

describe('flags that contradict each other', () => {
  const account = { 'signer-account': ACCOUNT };
  const rekor = 'https://rekor.example.com';

  it.each([
    [{ ...account, 'sign-key': 'key' }, '-sign-key and -signer-account are two signers: give one'],
    [
      { ...account, 'identity-token': 'file' },
      '-signer-account and -identity-token are two signers: give one',
    ],
    [{ 'sign-command': 'kms' }, '-sign-command and -sign-command-key go together: give both'],
    [
      { 'sign-key': 'key', 'sign-command-key': 'key' },
      '-sign-command and -sign-command-key go together: give both',
    ],
    [{ ...account, 'sign-log': 'false' }, '-sign-log=false goes with -sign-key and -sign-command'],
    [
      { ...account, 'fulcio-url': 'https://fulcio.example.com' },
      '-fulcio-url and -rekor-url are of one instance: give both',
    ],
    [{ ...account, 'rekor-url': rekor }, '-fulcio-url and -rekor-url are of one instance: give both'],
    [{ 'sign-key': 'key', 'fulcio-url': 'https://fulcio.example.com' }, '-fulcio-url is for identity tokens'],
    [
      { ...account, 'signing-config': 'file', 'rekor-url': rekor },
      '-signing-config names the services, which -rekor-url contradicts: give one',
    ],
    [{ 'sign-key': 'key', 'rekor-version': '2' }, '-rekor-version=2 needs -rekor-url'],
    [
      { 'sign-key': 'key', 'rekor-version': '2', 'rekor-url': rekor },
      '-rekor-version=2 needs -timestamp-url',
    ],
    [{ 'sign-key': 'key', 'rekor-version': '3' }, '-rekor-version is 1 or 2, not "3"'],
    [
      { 'sign-key': 'key', 'rekor-url': 'http://rekor.example.com' },
      '-rekor-url is a URL that begins with https://, not "http://rekor.example.com"',
    ],
    [
      { 'sign-key': 'key', 'timestamp-url': 'tsa' },
      '-timestamp-url is a URL that begins with https://, not "tsa"',
    ],
    [{ 'sign-key': 'key', 'rekor-url': 'https://user:word@rekor.example.com' }, '-rekor-url is a URL'],
  ])('%j are refused: %s', (flags, message) => {
    expect(() => parse(flags)).toThrow(message);
  });
});
