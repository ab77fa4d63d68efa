import { expect, test } from "vitest";

import type { Hop, Reading } from "../protocol/records";
import { request } from "../testing";
import { byHolder, waterfallOf } from "./waterfall";

const hop = (at_ns: number, checkpoint: string, thread_serial: number): Hop => ({
  at_ns,
  checkpoint,
  thread_id: thread_serial,
  thread_serial,
  task_serial: null,
  greenlet_serial: null,
});
const reading = (at_ns: number, checkpoint: string, holder: string, names: Reading["names"]): Reading => ({
  at_ns,
  checkpoint,
  holder,
  names,
});

test("a place is sure until the next one is seen, the last until the end", () => {
  const { lanes, lengthNs } = waterfallOf(request({ hops: [hop(0, "start", 1), hop(40, "view", 2)] }), 100);
  expect(lengthNs).toBe(100);
  expect(lanes.map(({ fromNs, untilNs }) => [fromNs, untilNs])).toEqual([
    [0, 40],
    [40, 100],
  ]);
});

test("a request whose record is shorter than what was seen of it is as long as that", () => {
  expect(waterfallOf(request({ hops: [hop(0, "start", 1), hop(40, "view", 2)] }), 0).lengthNs).toBe(40);
  expect(waterfallOf(request({ hops: [] }), 0).lengthNs).toBe(1);
});

test("each checkpoint stands once, when it came first", () => {
  const readings = [reading(42, "view", "a", "request"), reading(50, "view", "b", "nobody"), reading(60, "close", "a", "nobody")];
  const { checkpoints } = waterfallOf(request({ hops: [hop(0, "start", 1), hop(40, "view", 2)], readings }), 100);
  expect(checkpoints).toEqual([
    { name: "start", atNs: 0 },
    { name: "view", atNs: 40 },
    { name: "close", atNs: 60 },
  ]);
});

test("readings are gathered by holder, and what changed at a checkpoint stands side by side", () => {
  const gathered = byHolder([
    reading(1, "start", "a", "nobody"),
    reading(1, "start", "b", "other"),
    reading(2, "query", "a", "request"),
    reading(3, "query", "a", "other"),
  ]);
  expect(gathered.map(({ holder }) => holder)).toEqual(["a", "b"]);
  expect(gathered[0]?.at.get("query")?.map(({ names }) => names)).toEqual(["request", "other"]);
});
