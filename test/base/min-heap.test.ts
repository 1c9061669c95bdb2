import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MinHeap } from '../../src/base/min-heap.ts';

describe('a heap', () => {
  it('gives back what was put in, the least first', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (texts) => {
        const heap = new MinHeap<string>((text) => text);
        for (const text of texts) heap.push(text);
        const taken = Array.from({ length: texts.length }, () => heap.pop());
        expect(taken).toEqual(texts.toSorted());
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });

  it('knows its size and its least key at any time', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(9), { nil: undefined })), (steps) => {
        const heap = new MinHeap<number>(String);
        const model: number[] = [];
        for (const step of steps) {
          if (step === undefined) expect(heap.pop()).toBe(model.shift());
          else {
            heap.push(step);
            model.push(step);
            model.sort((a, b) => a - b);
          }
          expect(heap.size).toBe(model.length);
          expect(heap.leastKey()).toBe(model[0]?.toString());
        }
      }),
    );
  });
});
