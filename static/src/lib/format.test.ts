import { expect, test, vi } from "vitest";

import { age, count, dateAndTime, duration, fixed, runningFor, timeOfDay } from "./format";

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

test("a date is read the same everywhere", () => {
  expect(dateAndTime(1_769_860_800_007_900_000)).toMatch(/^31 Jan 2026, \d\d:\d\d:\d\d\.007$/);
});

test("counts are grouped, ages are rough", () => {
  expect(count(1_234_567)).toBe("1,234,567");
  expect(fixed(1.25, 1)).toBe("1.3");
  expect(age(7_300e9)).toBe("2 h");
  expect(age(200_000e9)).toBe("2 days");
});

test("in German the comma stands where the point was", async () => {
  vi.resetModules();
  const text = await import("./text");
  text.speak("de", { "{n} day": ["{n} Tag", "{n} Tage"] });
  const format = await import("./format");
  expect([format.count(1_234_567), format.duration(12_340_000)]).toEqual(["1.234.567", "12,3 ms"]);
  expect(format.age(200_000e9)).toBe("2 Tage");
  expect(format.timeOfDay(1_769_860_800_007_900_000)).toMatch(/:\d\d,007$/);
});
