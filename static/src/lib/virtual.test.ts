import { expect, test } from "vitest";

import { scrollTopFor, windowOf } from "./virtual";

test("only the rows in view are drawn, and a few around them", () => {
  expect(windowOf(2_800, 280, 28, 100_000, 2)).toEqual({ first: 98, end: 112 });
});

test("the window ends where the rows end", () => {
  expect(windowOf(0, 280, 28, 3)).toEqual({ first: 0, end: 3 });
  expect(windowOf(0, 280, 28, 0)).toEqual({ first: 0, end: 0 });
});

test("a scroll offset that lies behind fewer rows than before still draws rows", () => {
  const { first, end } = windowOf(28_000, 280, 28, 10, 2);
  expect(first).toBeLessThan(10);
  expect(end).toBe(10);
});

test("an offset above the top, as elastic scrolling gives, draws the first rows", () => {
  expect(windowOf(-50, 280, 28, 100, 0)).toEqual({ first: 0, end: 10 });
});

test("a row in view does not scroll; one outside comes in at the nearer edge", () => {
  expect(scrollTopFor(5, 0, 280, 28)).toBe(0);
  expect(scrollTopFor(10, 0, 280, 28)).toBe(28);
  expect(scrollTopFor(3, 280, 280, 28)).toBe(84);
});
