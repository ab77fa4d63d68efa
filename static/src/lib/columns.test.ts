import { expect, test } from "vitest";

import type { Request } from "../protocol/records";
import { finding, request } from "../testing";
import { type Column, COLUMNS, columnsFor, layOut, NEWEST_FIRST, orderIn, pressed, USUAL } from "./columns";

test.each<[column: Column, low: Partial<Request>, high: Partial<Request>]>([
  ["time", { start_ns: 1 }, { start_ns: 2 }],
  ["user", { user: { state: "authenticated", id: "1", label: "Alice" } }, { user: { state: "authenticated", id: "2", label: "bob" } }],
  ["request", { path: "/a", method: "POST" }, { path: "/b", method: "GET" }],
  ["status", { status: null }, { status: 200 }],
  ["duration", { duration_ns: 5e9 }, { duration_ns: 1, outcome: "open" }],
  ["process", { pid: 900 }, { pid: 1000 }],
  ["thread", { pid: 1, thread_serial: 12 }, { pid: 2, thread_serial: 3 }],
  ["task", {}, { task_serial: 1 }],
  ["task", { greenlet_serial: 9 }, { greenlet_serial: 10 }],
  ["shared", { same_thread: { before: 999, at_once: 0 } }, { same_thread: { before: 0, at_once: 1 } }],
  ["route", {}, { route: "a/" }],
  ["view", { view: "a" }, { view: "b" }],
  ["session", {}, { session: "a" }],
  ["trace", {}, { trace_id: "a" }],
])("%s puts %j below %j", (column, low, high) => {
  expect(orderIn(column, request(low), () => []) < orderIn(column, request(high), () => [])).toBe(true);
});

test("requests sort by the worst that was found in them", () => {
  const orders = [[], ["notice"], ["hazard", "notice"], ["notice", "leak"]] as const;
  const levels = orders.map((found) => orderIn("level", request(), () => found.map((level) => finding({ level }))));
  expect(levels).toEqual([0, 1, 2, 3]);
});

test("every column has an order", () => {
  for (const column of COLUMNS) expect(orderIn(column, request(), () => [])).toBeDefined();
});

test("a press sorts by a column, from where it is of interest, and the next one turns it round", () => {
  const byUser = pressed(NEWEST_FIRST, "user");
  expect(byUser).toEqual({ by: "user", down: false });
  expect(pressed(byUser, "user")).toEqual({ by: "user", down: true });
  expect(pressed(byUser, "duration")).toEqual({ by: "duration", down: true });
});

test("columns give way as the table gets narrower, unless they were chosen", () => {
  expect(columnsFor(null, 1_400)).toEqual(USUAL);
  expect(columnsFor(null, 1_000)).not.toContain("task");
  expect(columnsFor(null, 700)).not.toContain("process");
  expect(columnsFor(["trace", "task"], 300)).toEqual(["trace", "task"]);
});

test("the usual columns have room from the width on at which they show", () => {
  for (const widthX of [640, 980, 1_100]) expect(layOut(columnsFor(null, widthX)).leastX).toBeLessThanOrEqual(widthX);
});
