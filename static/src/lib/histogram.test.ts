import { expect, test } from "vitest";

import { histogram } from "./histogram";

test("every time falls into one bucket, the last moment into the last", () => {
  expect(histogram([0, 9, 10, 25, 40], 0, 40, 4)).toEqual([2, 1, 1, 1]);
});

test("times outside are left out", () => {
  expect(histogram([-1, 5, 41], 0, 40, 2)).toEqual([1, 0]);
});

test("a stretch without length holds what happened at its moment", () => {
  expect(histogram([7], 7, 7, 3)).toEqual([1, 0, 0]);
});
