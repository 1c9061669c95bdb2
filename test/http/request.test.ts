import { describe, expect, it } from 'vitest';
import { describeRequest } from '../../src/http/request.ts';

describe('a request in a message', () => {
  it.each([
    ['https://h/v2/app/tags/list?n=5&last=a', 'https://h/v2/app/tags/list?n=5&last=a'],
    [
      'https://h/v2/app/blobs/uploads/?mount=m&from=a%2Fb',
      'https://h/v2/app/blobs/uploads/?mount=m&from=a%2Fb',
    ],
    ['https://user:secret@h/token?service=s&scope=x', 'https://h/token?service=s&scope=x'],
    ['https://h/u?_state=secret&digest=d', 'https://h/u?_state=REDACTED&digest=d'],
    [
      'https://h/b?X-Amz-Signature=secret&X-Amz-Date=now',
      'https://h/b?X-Amz-Signature=REDACTED&X-Amz-Date=REDACTED',
    ],
    ['https://h/b?sig=secret&sig=secret2', 'https://h/b?sig=REDACTED'],
  ])('%s is %s', (url, expected) => {
    expect(describeRequest({ method: 'GET', url: new URL(url) })).toBe(`GET ${expected}`);
  });
});
