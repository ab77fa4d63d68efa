import { expect, test } from "vitest";

import { waitMs } from "./backoff";

test("the wait doubles up to a bound, and half of it is left to chance", () => {
  expect([1, 2, 3].map((attempt) => waitMs(attempt, 1))).toEqual([500, 1000, 2000]);
  expect([waitMs(1, 0), waitMs(1, 0.5)]).toEqual([250, 375]);
  expect(waitMs(60, 1)).toBe(20_000);
});
