import { expect, it } from 'vitest';
import { CommentRoom } from '../../../src/report/summary/comment-room.ts';

it('a section takes lines from its own room and from that of the comment', () => {
  const room = new CommentRoom(20);
  const section = room.part(12);
  expect(section.take('x'.repeat(12))).toBe(false);
  expect(section.take('x'.repeat(11))).toBe(true);
  expect(section.take('')).toBe(false);
  expect(room.part(100).take('x'.repeat(8))).toBe(false);
  expect(room.part(100).take('x'.repeat(7))).toBe(true);
  expect(room.take('')).toBe(false);
});
