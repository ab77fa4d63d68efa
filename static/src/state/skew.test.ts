/** Clocks that disagree: told when two signs of life in a row say so, and not for one that was late. */

import { beforeEach, expect, test } from "vitest";

import type { Process } from "../protocol/records";
import { process } from "../testing";
import { records } from "./live";
import { clockSkews, noteArrivals } from "./skew";

const NOW_NS = 1_700_000_000e9;
const SECOND = 1e9;

function arrive(aheadNs: number, afterNs: number, given: Partial<Process> = {}): void {
  const sign = process({ host: "web-1", seen_ns: NOW_NS + afterNs + aheadNs, ...given });
  records.apply({ processes: [sign] });
  noteArrivals([sign], NOW_NS + afterNs);
}

beforeEach(() => records.clear());

test("a host is behind when its signs of life are old as they arrive", () => {
  arrive(-30 * SECOND, 0, { id: "behind" });
  expect(clockSkews.value.size).toBe(0);
  arrive(-30 * SECOND, 5 * SECOND, { id: "behind" });
  noteArrivals([], 0);
  expect([...clockSkews.value]).toEqual([["web-1", -30 * SECOND]]);
});

test("a host is ahead when they come from the future", () => {
  for (const afterNs of [0, 5 * SECOND]) arrive(8 * SECOND, afterNs, { id: "ahead" });
  expect([...clockSkews.value]).toEqual([["web-1", 8 * SECOND]]);
});

test("one that was held up on its way says nothing", () => {
  arrive(-60 * SECOND, 0, { id: "late" });
  arrive(-0.1 * SECOND, 5 * SECOND, { id: "late" });
  expect(clockSkews.value.size).toBe(0);
});

test("a process that ended has no clock any more", () => {
  for (const afterNs of [0, 5 * SECOND]) arrive(8 * SECOND, afterNs, { id: "ended", ended_ns: NOW_NS });
  expect(clockSkews.value.size).toBe(0);
});
