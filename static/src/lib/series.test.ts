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

test("a rate is that between the last two measurements", () => {
  expect(ratePerSecond([at(1, 0), at(2, 100), at(4, 110)], threads)).toBe(5);
  expect(ratePerSecond([at(4, 110)], threads)).toBeNull();
  expect(ratePerSecond([at(2, null), at(4, 110)], threads)).toBeNull();
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
