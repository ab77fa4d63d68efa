import { expect, test } from "vitest";

import { hasRoomBeside } from "./marks-painter";

const leak = (cssX: number, cssY = 0) => ({ slot: 0, cssX, cssY, cssWidth: 4, cssHeight: 14 });

test("the word of a leak stands beside its bar only where it hides no other leak", () => {
  const [first, near, far, below] = [leak(0), leak(30), leak(100), leak(32, 20)];
  const all = [first, near, far, below];
  expect(all.map((one) => hasRoomBeside(one, all))).toEqual([false, true, true, true]);
});

test("of two leaks in one place neither hides the other behind its word", () => {
  const twins = [leak(10), leak(10)];
  expect(twins.map((one) => hasRoomBeside(one, twins))).toEqual([false, false]);
});
