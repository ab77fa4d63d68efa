import { beforeEach, expect, test } from "vitest";

import { measurement } from "../testing";
import { historyOf, measured, nativeThreadsOf, newestNs, replaceMeasurements, takeMeasurements } from "./measurements";

const numbers = (process = "p1") => historyOf(process).map(({ number }) => number);
const numbered = (number: number, given = {}) => measurement({ number, measured_ns: number * 1e9, ...given });

beforeEach(() => replaceMeasurements());

test("measurements are kept by process, in their order, however they arrive", () => {
  takeMeasurements([numbered(1), numbered(4), numbered(1, { process: "p2" })]);
  takeMeasurements([numbered(2), numbered(3), numbered(4)]);
  expect(numbers()).toEqual([1, 2, 3, 4]);
  expect(numbers("p2")).toEqual([1]);
  expect(numbers("p3")).toEqual([]);
});

test("no more are kept than a store keeps", () => {
  takeMeasurements(Array.from({ length: 650 }, (_, index) => numbered(index + 1)));
  expect(numbers().length).toBe(600);
  expect(numbers().at(0)).toBe(51);
});

test("threads are those of the last look at them", () => {
  const thread = { native_id: 7, name: "worker", cpu_time_ns: 1, cpu_utilization: 0.5 };
  takeMeasurements([numbered(1, { threads: [] }), numbered(2, { threads: [thread] }), numbered(3)]);
  expect(nativeThreadsOf("p1")).toEqual([thread]);
  expect(nativeThreadsOf("p2")).toEqual([]);
});

test("a new state replaces all, and a server that knows no measurements sends none", () => {
  takeMeasurements([numbered(1)]);
  const before = measured.value;
  replaceMeasurements(undefined);
  expect(numbers()).toEqual([]);
  expect(measured.value).toBeGreaterThan(before);
});

test("the charts of all end with the newest measurement", () => {
  takeMeasurements([numbered(5_000), numbered(4_000, { process: "p2" })]);
  expect(newestNs.value).toBe(5_000e9);
  replaceMeasurements([numbered(7)]);
  expect(newestNs.value).toBe(7e9);
});
