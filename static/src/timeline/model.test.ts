import { beforeEach, expect, test } from "vitest";

import type { Request } from "../protocol/records";
import { RecordStore } from "../state/records";
import { finding, process, request, thread } from "../testing";
import { LEAK } from "./bars";
import { Model } from "./model";

const ALICE = { state: "authenticated", id: "1", label: "alice" } as const;
const BOB = { state: "authenticated", id: "2", label: "bob" } as const;
const MS = 1e6;

let records: RecordStore;
let model: Model;

beforeEach(() => {
  records = new RecordStore(1_000);
  records.apply({ processes: [process({ id: "p1" }), process({ id: "p2", started_ns: 2 })] });
  model = new Model(records, 0);
});

function arrive(...requests: Partial<Request>[]): void {
  model.apply(records.apply({ requests: requests.map((given) => request(given)) }));
}

/** The ids on each row of a thread's lane. */
function rowsOf(serial: number, processId = "p1"): string[][] {
  const lane = model.group(processId)?.lanes.find((one) => one.serial === serial);
  return (lane?.tracks ?? []).map((track) => track.slots.map((slot) => model.rowAt(slot).request.id));
}

const folded = (): string[] =>
  (model.group("p1")?.lanes.find(({ serial }) => serial === null)?.tracks ?? []).flatMap((track) =>
    track.slots.map((slot) => model.rowAt(slot).request.id),
  );

test("requests that one thread serves one after another stand on one row, those in flight at once below each other", () => {
  arrive({ id: "a", start_ns: 0, duration_ns: 10 * MS }, { id: "b", start_ns: 10 * MS, duration_ns: 10 * MS });
  arrive({ id: "c", start_ns: 5 * MS, duration_ns: 10 * MS }, { id: "d", start_ns: 16 * MS, duration_ns: 1 * MS });
  expect(rowsOf(1)).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});

test("no two bars of a row overlap, in whatever order requests arrive", () => {
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 16_807) % 2_147_483_647) % below;
  for (let id = 0; id < 800; id++) {
    arrive({
      id: `r${id}`,
      start_ns: random(50_000) * 1_000,
      duration_ns: random(2_000_000),
      thread_serial: 1 + random(3),
    });
  }
  const { startUs, endUs } = model.bars;
  let bars = 0;
  for (const { slots } of model.tracks()) {
    bars += slots.length;
    slots.slice(1).forEach((slot, place) => {
      expect(startUs[slot]).toBeGreaterThanOrEqual(endUs[slots[place] as number] as number);
    });
  }
  expect(bars).toBe(800);
});

test("threads of one request each share a lane, until one of them serves another", () => {
  const pool = { thread_name: "ThreadPoolExecutor-7_0" };
  arrive({ id: "a", thread_serial: 7, ...pool }, { id: "b", thread_serial: 8, ...pool });
  expect(folded()).toEqual(["a", "b"]);
  arrive({ id: "c", thread_serial: 7, start_ns: 90 * MS, ...pool });
  expect(folded()).toEqual(["b"]);
  expect(rowsOf(7)).toEqual([["a", "c"]]);
});

test("a thread known to be shared has its own lane, also where the filter leaves it one request", () => {
  records.apply({ threads: [thread({ serial: 7, sharing: "sequential" })] });
  arrive({ id: "a", thread_serial: 7, thread_name: "ThreadPoolExecutor-0_0" });
  expect(rowsOf(7)).toEqual([["a"]]);
});

test("the main thread comes first, then threads by number, the shared lane last", () => {
  for (const serial of [3, 2, 5]) records.apply({ threads: [thread({ serial, sharing: "sequential" })] });
  arrive({ id: "pool3", thread_serial: 3, thread_name: "w" }, { id: "pool2", thread_serial: 2, thread_name: "w" });
  arrive(
    { id: "once", thread_serial: 9, thread_name: "w" },
    { id: "main", thread_serial: 5, thread_name: "MainThread" },
  );
  expect(model.group("p1")?.lanes.map((lane) => lane.serial)).toEqual([5, 2, 3, null]);
});

test("jobs and sockets of a thread have lanes of their own, and each job of a worker that forks is one of many", () => {
  arrive({ id: "page" }, { id: "eager", protocol: "job", parent: "page" }, { id: "chat", protocol: "websocket" });
  expect(model.group("p1")?.lanes.map(({ serial, protocol }) => [serial, protocol])).toEqual([
    [1, "http"],
    [1, "websocket"],
    [1, "job"],
  ]);
  records.apply({ processes: [process({ id: "p2", server: "rq", worker_class: "fork", interface: "worker" })] });
  for (const serial of [1, 101, 201]) arrive({ id: `forked${serial}`, process: "p2", protocol: "job", thread_serial: serial });
  expect(model.group("p2")?.lanes.map(({ serial, size }) => [serial, size])).toEqual([[null, 3]]);
});

test("a job is found by whoever sent it, for as long as both are here", () => {
  arrive({ id: "page" }, { id: "mail", protocol: "job", parent: "page", process: "p2" });
  expect(model.sentBy("page").map((slot) => model.rowAt(slot).request.id)).toEqual(["mail"]);
  expect(model.sentBy("mail")).toEqual([]);
  model.setFilter(({ request: { protocol } }) => protocol === "http");
  expect(model.sentBy("page")).toEqual([]);
  records.clear();
  expect(records.jobsOf("page")).toEqual([]);
});

test("a request that runs keeps its row to itself until it ends", () => {
  arrive({ id: "slow", outcome: "open", status: null, start_ns: 0 });
  expect(model.isRunning).toBe(true);
  arrive({ id: "quick", start_ns: 5 * MS, duration_ns: MS });
  expect(rowsOf(1)).toEqual([["slow"], ["quick"]]);
  arrive({ id: "slow", start_ns: 0, duration_ns: 4 * MS });
  expect(model.isRunning).toBe(false);
  arrive({ id: "next", start_ns: 6 * MS, duration_ns: MS });
  expect(rowsOf(1)).toEqual([["slow", "next"], ["quick"]]);
});

test("a running request that goes on to another thread moves to its lane", () => {
  arrive({ id: "a", outcome: "open", status: null }, { id: "b", thread_name: "MainThread" });
  records.apply({ threads: [thread({ serial: 4, sharing: "sequential" })] });
  arrive({ id: "a", thread_serial: 4, thread_name: "worker" });
  expect(rowsOf(4)).toEqual([["a"]]);
  expect(rowsOf(1).flat()).toEqual(["b"]);
});

test("the filter hides what is there and what arrives, and its end shows it again", () => {
  arrive({ id: "a", user: ALICE }, { id: "b", user: BOB });
  model.setFilter((row) => row.request.user.id === "1");
  arrive({ id: "c", user: BOB, start_ns: 50 * MS }, { id: "d", user: ALICE, start_ns: 50 * MS });
  expect(rowsOf(1).flat()).toEqual(["a", "d"]);
  model.setFilter(() => true);
  expect(rowsOf(1).flat().sort()).toEqual(["a", "b", "c", "d"]);
});

test("a finding marks its bar, whether it comes with the request or after it", () => {
  records.apply({ findings: [finding({ request: "a" })] });
  arrive({ id: "a" }, { id: "b", start_ns: 50 * MS });
  model.apply(records.apply({ findings: [finding({ id: "f2", request: "b" })] }));
  for (const id of ["a", "b"]) expect(model.bars.marks[model.slotOf(id) as number]).toBe(LEAK);
});

test("bars go with the requests that the records let go of, and their lanes with them", () => {
  arrive(...Array.from({ length: 500 }, (_, n) => ({ id: `old${n}`, process: "p2", start_ns: n * 10 * MS })));
  arrive(...Array.from({ length: 1_100 }, (_, n) => ({ id: `new${n}`, start_ns: (500 + n) * 10 * MS })));
  expect(model.size).toBe(records.rows.length);
  expect(model.group("p2")).toBeUndefined();
  expect(rowsOf(1).flat()).toHaveLength(1_000);
  expect(model.bars.rows.length).toBeLessThan(1_700);
});

test("a thread has its lane from its second request on, also when the lanes were looked at before", () => {
  const pool = { thread_serial: 5, thread_name: "pool_0" };
  arrive({ id: "a", ...pool }, { id: "other", thread_serial: 6, thread_name: "pool_1" });
  expect(model.group("p1")?.lanes.map(({ serial }) => serial)).toEqual([null]);
  const { shape } = model;
  arrive({ id: "b", start_ns: 50 * MS, ...pool });
  expect(rowsOf(5)).toEqual([["a", "b"]]);
  expect(model.shape).toBeGreaterThan(shape);
});
