import { expect, test } from "vitest";

import { stepFor, ticksBetween } from "./ticks";

const labels = (fromMs: number, toMs: number, most: number, zoneMs = 0): string[] =>
  ticksBetween(fromMs, toMs, most, zoneMs).map((tick) => tick.label);

const NOON = Date.UTC(2026, 0, 31, 12);

test("ticks stand at round times and say no more than changes", () => {
  expect(labels(NOON + 100, NOON + 3_500, 4)).toEqual(["12:00:01", "12:00:02", "12:00:03"]);
  expect(labels(NOON, NOON + 1_000, 4)).toEqual(["12:00:00", "+500 ms", "12:00:01"]);
  expect(labels(NOON, NOON + 7_200e3, 4)).toEqual(["12:00", "12:30", "13:00", "13:30", "14:00"]);
  expect(labels(NOON + 0.05, NOON + 0.31, 3)).toEqual(["+0.1 ms", "+0.2 ms", "+0.3 ms"]);
});

test("long steps stand at full hours where the reader is", () => {
  expect(labels(NOON, NOON + 3_600e3 * 4, 2, 5.5 * 3_600e3)).toEqual(["18:00", "20:00"].slice(0, 2));
});

test.each([50, 500, 5e3, 60e3, 3_600e3, 86_400e3])("no more ticks than fit into %s ms", (spanMs) => {
  for (const most of [2, 5, 12]) expect(spanMs / stepFor(spanMs, most)).toBeLessThanOrEqual(most);
});
