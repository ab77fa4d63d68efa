import { expect, test } from "vitest";

import { measurement } from "../testing";
import { ratePerSecond, scaleTop, tableOf } from "./series";

const at = (seconds: number, threads: number | null) => measurement({ measured_ns: seconds * 1e9, thread_count: threads });
const threads = (one: ReturnType<typeof at>) => one.thread_count;

test("measurements become columns, and what could not be measured stays empty", () => {
  expect(tableOf([at(1, 4), at(2, null)], [threads, (one) => one.requests_in_flight])).toEqual([
    [1, 2],
    [4, null],
    [0, 0],
  ]);
});

test("the line breaks where nothing was measured for long, but not for an idle process", () => {
  expect(tableOf([at(1, 4), at(6, 4), at(26, 5)], [threads])).toEqual([
    [1, 6, 16, 26],
    [4, 4, null, 5],
  ]);
});

test("nothing measured gives empty columns", () => {
  expect(tableOf([], [threads])).toEqual([[], []]);
});

test("a rate is that between two measurements", () => {
  expect(ratePerSecond(at(2, 100), at(4, 110), threads)).toBe(5);
  expect(ratePerSecond(null, at(4, 110), threads)).toBeNull();
  expect(ratePerSecond(at(2, null), at(4, 110), threads)).toBeNull();
});

test("a quantity may look at the measurement before, but not over a break of the line", () => {
  const rate = (one: ReturnType<typeof at>, before: ReturnType<typeof at> | null): number | null => ratePerSecond(before, one, threads);
  expect(tableOf([at(1, 4), at(2, 10), at(26, 50), at(27, 51)], [rate])).toEqual([
    [1, 2, 14, 26, 27],
    [null, 6, null, null, 1],
  ]);
});

test.each([
  [0, 0.1, 0.1],
  [0.3, 0.1, 0.5],
  [0.5, 0.1, 0.5],
  [1.1, 0.1, 2],
  [94, 10, 100],
  [101, 10, 200],
  [6, 10, 10],
])("a scale for %d that reaches %d at least ends at %d", (greatest, least, top) => {
  expect(scaleTop(greatest, least)).toBeCloseTo(top, 10);
});
