import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeText } from '../../../src/manifest/layout/decode.ts';

describe('decoded bytes', () => {
  it('are the text that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeText(Buffer.from(text))).toEqual({ text: text.replace(/^\ufeff/, '') });
      }),
      { seed: 3 },
    );
  });

  it('have no byte order mark', () => {
    expect(decodeText(Buffer.from('\ufeffa'))).toEqual({ text: 'a' });
  });

  it.each([
    ['a wrong byte', [0x61, 0xff, 0x62], 1, /unexpected byte 0xff/],
    ['a wrong byte after a mark', [0xef, 0xbb, 0xbf, 0x61, 0xff], 1, /unexpected byte 0xff/],
    [
      'a wrong byte after a wide character',
      [0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80, 0x80],
      3,
      /unexpected byte 0x80/,
    ],
    ['a character that is cut', [0x61, 0xc3], 1, /unexpected byte 0xc3/],
    ['a surrogate', [0x61, 0xed, 0xa0, 0x80], 1, /not UTF-8/],
    ['UTF-16', [0xff, 0xfe, 0x61, 0x00], 0, /UTF-16: save the file as UTF-8/],
  ])('show where there is %s', (_what, bytes, offset, reason) => {
    expect(decodeText(Uint8Array.from(bytes))).toMatchObject({
      offset,
      reason: expect.stringMatching(reason),
    });
  });
});
