import { expect, test } from "vitest";

import { age, count, duration, plural, runningFor, timeOfDay } from "./format";

test.each([
  [0, "0 µs"],
  [840_000, "840 µs"],
  [1_234_000, "1.23 ms"],
  [12_340_000, "12.3 ms"],
  [99_960_000, "100 ms"],
  [999_600_000, "1.00 s"],
  [1_240_000_000, "1.24 s"],
  [185_000_000_000, "3 min 05 s"],
  [3_660_000_000_000, "1 h 01 min"],
])("a duration of %d ns reads %s", (lengthNs, text) => {
  expect(duration(lengthNs)).toBe(text);
});

test("a running request counts in tenths, and never below nothing", () => {
  expect(runningFor(4_249_000_000)).toBe("4.2 s");
  expect(runningFor(-5)).toBe("0.0 s");
});

test("a time of day has milliseconds", () => {
  expect(timeOfDay(1_769_860_800_007_900_000)).toMatch(/^\d\d:\d\d:\d\d\.007$/);
});

test("counts are grouped and agree with their noun", () => {
  expect(count(1_234_567)).toBe("1,234,567");
  expect(plural(1, "entry", "entries")).toBe("1 entry");
  expect(plural(0, "entry", "entries")).toBe("0 entries");
  expect(age(7_300e9)).toBe("2 h");
});
