// Covers src/auditor/events/distribution.ts
// Covers src/auditor/events/ecr.ts
// Covers src/auditor/events/google-payload.ts
// Covers src/auditor/events/harbor.ts
// Covers src/auditor/events/json-fault.ts
// Covers src/auditor/events/pubsub.ts
// Covers src/auditor/events/quay.ts
import { describe, expect, it } from 'vitest';
import { type Message, parseMessage } from '../../../src/auditor/events/parse-message.ts';

const D = `sha256:${'a'.repeat(64)}`;
const AR = 'us-docker.pkg.dev/prod/images/app';

function parse(document: unknown, headers: Message['headers'] = {}) {
  const body = typeof document === 'string' ? document : JSON.stringify(document);
  return parseMessage({ headers, body: Buffer.from(body) });
}

/** As a push subscription sends it. */
function push(data: unknown): object {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return {
    message: {
      data: Buffer.from(text).toString('base64'),
      messageId: '136969346945',
      publishTime: '2026-06-01T12:00:00Z',
    },
    subscription: 'projects/p/subscriptions/cip-auditor',
  };
}

const written = { action: 'insert', repository: AR, digest: D, tag: 'v1', isWholeRegistry: false };

describe('a push of Pub/Sub', () => {
  it.each([
    ['digest and tag', { action: 'INSERT', digest: `${AR}@${D}`, tag: `${AR}:v1` }, written],
    ['a digest', { action: 'INSERT', digest: `${AR}@${D}` }, { ...written, tag: '' }],
    ['a tag', { action: 'INSERT', tag: `${AR}:v1` }, { ...written, digest: '' }],
    ['keys in any case', { ACTION: 'INSERT', Digest: `${AR}@${D}` }, { ...written, tag: '' }],
    [
      'a registry with a port',
      { action: 'INSERT', digest: `localhost:5000/app@${D}`, tag: 'localhost:5000/app:v1' },
      { ...written, repository: 'localhost:5000/app' },
    ],
    [
      'a null, which is an absent field',
      { action: 'INSERT', digest: `${AR}@${D}`, tag: null },
      { ...written, tag: '' },
    ],
  ])('with %s is one insertion', (_, payload, event) => {
    expect(parse(push(payload))).toEqual({ kind: 'events', events: [event] });
  });

  it.each([
    [
      { action: 'INSERT' },
      `{Action: "INSERT", FQIN: "", PQIN: "", Path: "", Digest: "", Tag: ""}: neither 'digest' nor 'tag' was specified`,
    ],
    [{ action: 'INSERT', digest: AR }, `invalid FQIN: ${AR}`],
    [{ action: 'INSERT', tag: AR }, `invalid PQIN: ${AR}`],
    [
      { digest: 'gcr.io/a@sha256:0' },
      '{Action: "", FQIN: "gcr.io/a@sha256:0", PQIN: "", Path: "gcr.io/a", Digest: "sha256:0", Tag: ""}: Action not specified',
    ],
    [
      { action: 'WOOF', tag: 'gcr.io/a:1' },
      '{Action: "WOOF", FQIN: "", PQIN: "gcr.io/a:1", Path: "gcr.io/a", Digest: "", Tag: "1"}: unknown action "WOOF"',
    ],
    [
      { action: 'insert', tag: 'gcr.io/a:1' },
      '{Action: "insert", FQIN: "", PQIN: "gcr.io/a:1", Path: "gcr.io/a", Digest: "", Tag: "1"}: unknown action "insert"',
    ],
  ])('%j is refused in the words of the original', (payload, reason) => {
    expect(parse(push(payload))).toMatchObject({
      kind: 'invalid',
      cause: 'malformed',
      reason: `validation failure: ${reason}`,
    });
  });

  it('of a deletion is refused as a deletion, with its repository', () => {
    expect(parse(push({ action: 'DELETE', digest: `${AR}@${D}` }))).toEqual({
      kind: 'invalid',
      cause: 'deletion',
      repository: AR,
      reason: `validation failure: {Action: "DELETE", FQIN: "${AR}@${D}", PQIN: "", Path: "${AR}", Digest: "${D}", Tag: ""}: deletions are prohibited`,
    });
  });

  it('whose tag is of another repository than its digest is refused: no manifest could explain it', () => {
    expect(parse(push({ action: 'INSERT', digest: `${AR}@${D}`, tag: 'gcr.io/other:v1' }))).toMatchObject({
      kind: 'invalid',
    });
  });
});

describe('what cannot be parsed', () => {
  it.each([
    ['', 'json.Unmarshal (request body): unexpected end of JSON input'],
    ['<html>', 'json.Unmarshal (request body): invalid character "<"'],
    ['{"message"', 'json.Unmarshal (request body): unexpected end of JSON input'],
    [
      '{}',
      'json.Unmarshal (message data): unexpected end of JSON input: it is no notification that is known',
    ],
    [
      '[]',
      'json.Unmarshal (message data): unexpected end of JSON input: it is no notification that is known',
    ],
    [
      'null',
      'json.Unmarshal (message data): unexpected end of JSON input: it is no notification that is known',
    ],
    [JSON.stringify(push('{')), 'json.Unmarshal (message data): unexpected end of JSON input'],
    [JSON.stringify(push('')), 'json.Unmarshal (message data): unexpected end of JSON input'],
    [JSON.stringify(push('{"action": 1}')), 'json.Unmarshal (message data): action is not a string'],
    [JSON.stringify(push('[]')), 'json.Unmarshal (message data): document is not a string'],
  ])('%s is a parse failure', (body, why) => {
    expect(parse(body)).toEqual({
      kind: 'invalid',
      cause: 'malformed',
      repository: '',
      reason: `parse failure: ${why}`,
    });
  });
});

describe('notifications of distribution', () => {
  const target = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: D,
    size: 708,
    length: 708,
    repository: 'prod/app',
    url: `http://127.0.0.1:5000/v2/prod/app/manifests/${D}`,
    tag: 'v1',
  };
  const request = {
    id: '0b5e5b7a',
    addr: '127.0.0.1:40512',
    host: '127.0.0.1:5000',
    method: 'PUT',
    useragent: 'skopeo/1.9.3',
  };
  const source = { addr: 'registry-0:5000', instanceID: 'a53db899' };
  const event = {
    id: '320678d8',
    timestamp: '2026-06-01T12:00:00Z',
    action: 'push',
    target,
    request,
    actor: {},
    source,
  };
  const pushed = { ...written, repository: '127.0.0.1:5000/prod/app', isWholeRegistry: true };

  it('have several events in a request; pulls, mounts and blobs are left out', () => {
    const blob = {
      ...target,
      mediaType: 'application/octet-stream',
      url: 'http://127.0.0.1:5000/v2/prod/app/blobs/x',
    };
    const { tag: _, ...untagged } = target;
    const events = [
      event,
      { ...event, action: 'pull' },
      { ...event, target: blob },
      { ...event, action: 'mount', target: blob },
      { ...event, target: untagged },
      { ...event, action: 'delete', target: { digest: D, repository: 'prod/app' } },
      { ...event, action: 'delete', target: { repository: 'prod/app', tag: 'v1' } },
    ];
    expect(parse({ events })).toEqual({
      kind: 'events',
      events: [
        pushed,
        { ...pushed, tag: '' },
        { ...pushed, action: 'delete', tag: '' },
        { ...pushed, action: 'delete', digest: '' },
      ],
    });
  });

  it('may have null for an absent field', () => {
    const target = { mediaType: 'application/vnd.oci.image.index.v1+json', digest: D, repository: 'app' };
    const event = { action: 'push', target: { ...target, tag: null, url: null }, request: null };
    const change = { ...written, repository: 'reg:5000/app', tag: '', isWholeRegistry: true };
    expect(parse({ events: [{ ...event, source: { addr: 'reg:5000' } }] })).toEqual({
      kind: 'events',
      events: [change],
    });
  });

  it('name the host by the request, else by the registry', () => {
    expect(parse({ events: [{ ...event, request: {} }] })).toMatchObject({
      events: [{ repository: 'registry-0:5000/prod/app' }],
    });
  });

  it('without a change have no events', () => {
    expect(parse({ events: [] })).toEqual({ kind: 'events', events: [] });
  });
});

describe("Harbor's webhooks", () => {
  const resources = [{ digest: D, tag: 'v1', resource_url: 'harbor.example.com/library/app:v1' }];
  const repository = {
    name: 'app',
    namespace: 'library',
    repo_full_name: 'library/app',
    repo_type: 'private',
  };
  const pushed = { ...written, repository: 'harbor.example.com/library/app', isWholeRegistry: true };
  const notify = (type: string, event_data: object = { resources, repository }) =>
    parse({ type, occur_at: 1_780_000_000, operator: 'admin', event_data });

  it('tell pushes and deletions of artifacts', () => {
    expect(notify('PUSH_ARTIFACT')).toEqual({ kind: 'events', events: [pushed] });
    expect(notify('DELETE_ARTIFACT')).toEqual({ kind: 'events', events: [{ ...pushed, action: 'delete' }] });
  });

  it('have the digest as tag where an artifact has none', () => {
    const untagged = [{ digest: D, tag: D, resource_url: `harbor.example.com/library/app@${D}` }];
    expect(notify('PUSH_ARTIFACT', { resources: untagged })).toEqual({
      kind: 'events',
      events: [{ ...pushed, tag: '' }],
    });
  });

  it.each(['PULL_ARTIFACT', 'SCANNING_COMPLETED', 'REPLICATION', 'QUOTA_EXCEED'])(
    '%s has no events',
    (type) => {
      expect(notify(type, {})).toEqual({ kind: 'events', events: [] });
    },
  );

  it('may be CloudEvents', () => {
    const event = {
      specversion: '1.0',
      type: 'harbor.artifact.pushed',
      source: '/projects/1',
      data: { resources },
    };
    expect(parse(event)).toEqual({ kind: 'events', events: [pushed] });
  });
});

it("Quay's webhooks tell tags without digests", () => {
  const notification = {
    name: 'app',
    repository: 'prod/app',
    namespace: 'prod',
    docker_url: 'quay.io/prod/app',
    homepage: 'https://quay.io/repository/prod/app',
    updated_tags: ['v1', 'v2'],
  };
  const event = {
    action: 'insert',
    repository: 'quay.io/prod/app',
    digest: '',
    isWholeRegistry: true,
    lacksDigest: true,
  };
  expect(parse(notification)).toEqual({
    kind: 'events',
    events: [
      { ...event, tag: 'v1' },
      { ...event, tag: 'v2' },
    ],
  });
});

describe('CloudEvents', () => {
  const TYPE = 'google.cloud.pubsub.topic.v1.messagePublished';
  const message = push({ action: 'INSERT', digest: `${AR}@${D}`, tag: `${AR}:v1` });
  const events = { kind: 'events', events: [written] };

  it('of Eventarc in binary mode are the push itself', () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-type': TYPE,
      'ce-id': '1',
      'ce-source': '//pubsub.googleapis.com',
    };
    expect(parse(message, headers)).toEqual(events);
  });

  it('of Eventarc in structured mode have the push as data, plain or in base64', () => {
    const event = { specversion: '1.0', type: TYPE, id: '1', source: '//pubsub.googleapis.com' };
    expect(parse({ ...event, data: message })).toEqual(events);
    const encoded = Buffer.from(JSON.stringify(message)).toString('base64');
    expect(parse({ ...event, data_base64: encoded })).toEqual(events);
  });

  it('of an unknown type are a parse failure', () => {
    expect(parse({ specversion: '1.0', type: 'com.example', data: {} })).toMatchObject({ kind: 'invalid' });
    expect(parse({ specversion: '1.0', type: 'harbor.artifact.pushed', data: 1 })).toMatchObject({
      kind: 'invalid',
    });
  });
});

describe('events of ECR', () => {
  const ecr = {
    version: '0',
    id: '13cde686-328b-6117-af20-0e5566167482',
    'detail-type': 'ECR Image Action',
    source: 'aws.ecr',
    account: '123456789012',
    time: '2026-06-01T12:00:00Z',
    region: 'us-west-2',
    resources: [],
    detail: {
      result: 'SUCCESS',
      'repository-name': 'prod/app',
      'image-digest': D,
      'action-type': 'PUSH',
      'image-tag': 'v1',
    },
  };
  const pushed = {
    ...written,
    repository: '123456789012.dkr.ecr.us-west-2.amazonaws.com/prod/app',
    isWholeRegistry: true,
  };

  it.each([
    ['a push', ecr, [pushed]],
    [
      'a deletion',
      { ...ecr, detail: { ...ecr.detail, 'action-type': 'DELETE' } },
      [{ ...pushed, action: 'delete' }],
    ],
    ['a failed push', { ...ecr, detail: { ...ecr.detail, result: 'FAILURE' } }, []],
    ['a scan', { ...ecr, 'detail-type': 'ECR Image Scan', detail: { 'scan-status': 'COMPLETE' } }, []],
    [
      'a push in China',
      { ...ecr, region: 'cn-north-1' },
      [{ ...pushed, repository: '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/prod/app' }],
    ],
  ])('%s, as EventBridge sends it or as data of a CloudEvent', (_, event, events) => {
    expect(parse(event)).toEqual({ kind: 'events', events });
    expect(parse({ specversion: '1.0', type: 'aws.ecr', data: event })).toEqual({ kind: 'events', events });
  });
});
