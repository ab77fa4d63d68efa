import { expect, test } from "vitest";

import { finding, process, request, thread } from "../testing";
import { RecordStore, RETAIN_THREADS } from "./records";

const ids = (store: RecordStore): string[] => store.rows.map((row) => row.request.id);

test("requests stand in the order of their start, whichever process was heard first", () => {
  const store = new RecordStore();
  store.apply({ requests: [request({ id: "b", start_ns: 20 }), request({ id: "d", start_ns: 40 })] });
  store.apply({ requests: [request({ id: "c", start_ns: 30 }), request({ id: "a", start_ns: 10 })] });
  expect(ids(store)).toEqual(["a", "b", "c", "d"]);
});

test("a request that ends replaces its open state in its place", () => {
  const store = new RecordStore();
  store.apply({ requests: [request({ outcome: "open", status: null }), request({ id: "r2", start_ns: 2_000 })] });
  const row = store.row("r1");
  const change = store.apply({ requests: [request({ status: 201 })] });
  expect(change).toMatchObject({ added: [], changed: [row] });
  expect(ids(store)).toEqual(["r1", "r2"]);
  expect(row?.request.status).toBe(201);
});

test("a state fetched late does not open a finished request again, nor age a thread or process", () => {
  const store = new RecordStore();
  store.apply({
    requests: [request()],
    threads: [thread({ seen_ns: 9, requests: 9 })],
    processes: [process({ seen_ns: 9, requests: 9 })],
  });
  store.apply({
    requests: [request({ outcome: "open", status: null })],
    threads: [thread({ seen_ns: 5, requests: 5 })],
    processes: [process({ seen_ns: 5, requests: 5 })],
  });
  expect(store.row("r1")?.request.outcome).toBe("ok");
  expect(store.thread("p1", 1)?.requests).toBe(9);
  expect(store.process("p1")?.requests).toBe(9);
});

test("beyond the limit the oldest go, with their findings", () => {
  const store = new RecordStore(10);
  store.apply({
    requests: Array.from({ length: 10 }, (_, n) => request({ id: `r${n}`, start_ns: n })),
    findings: [finding({ request: "r0" }), finding({ id: "f9", request: "r9" })],
  });
  const first = store.row("r0");
  const change = store.apply({ requests: [request({ id: "new", start_ns: 100 })] });
  expect(change.dropped).toBe(1);
  expect(first?.gone).toBe(true);
  expect(store.row("r0")).toBeUndefined();
  expect(store.findingsOf("r0")).toEqual([]);
  expect(store.findingsOf("r9")).toHaveLength(1);
  expect(store.rows).toHaveLength(10);
});

test("a finding is new once", () => {
  const store = new RecordStore();
  expect(store.apply({ requests: [request()], findings: [finding()] }).findings).toHaveLength(1);
  expect(store.apply({ findings: [finding({ message: "said better" })] }).findings).toEqual([]);
  expect(store.findingsOf("r1").map((known) => known.message)).toEqual(["said better"]);
});

test("threads of one request each crowd out their like, and not those that are shared", () => {
  const store = new RecordStore();
  store.apply({ processes: [process()], threads: [thread({ serial: 1 }), thread({ serial: 2, sharing: "exclusive" })] });
  store.apply({ threads: Array.from({ length: RETAIN_THREADS }, (_, n) => thread({ serial: 10 + n, sharing: "exclusive" })) });
  expect(store.thread("p1", 1)?.sharing).toBe("sequential");
  expect(store.thread("p1", 2)).toBeUndefined();
  store.apply({ threads: [thread({ serial: 10, sharing: "interleaved" })] });
  expect(store.thread("p1", 10)?.sharing).toBe("interleaved");
  expect(store.threadsByProcess()[0]?.threads).toHaveLength(RETAIN_THREADS + 1);
});

test("threads are listed by process in an order that does not jump", () => {
  const store = new RecordStore();
  store.apply({
    processes: [process({ id: "p2", started_ns: 2 }), process({ id: "p1", started_ns: 1 })],
    threads: [thread({ serial: 2 }), thread({ serial: 1 }), thread({ process: "p2" }), thread({ process: "unheard" })],
  });
  store.apply({ threads: [thread({ serial: 1, requests: 3 })] });
  const listed = store.threadsByProcess().map((group) => [group.process.id, group.threads.map((one) => one.serial)]);
  expect(listed).toEqual([
    ["p1", [1, 2]],
    ["p2", [1]],
  ]);
});

test("what reqtrace sent itself is put aside with its findings, shown when asked for, and put aside again", () => {
  const store = new RecordStore();
  const made = { id: "made", start_ns: 5, synthetic: true };
  store.apply({
    requests: [request({ id: "r1", start_ns: 1 }), request(made)],
    findings: [finding({ request: "r1" }), finding({ id: "f2", request: "made", synthetic: true })],
  });
  expect(ids(store)).toEqual(["r1"]);
  expect(store.findings()).toHaveLength(1);
  expect(store.aside).toBe(1);
  expect(store.request("made")?.id).toBe("made");

  expect(store.showSynthetic(true)).toBe(true);
  expect(ids(store)).toEqual(["r1", "made"]);
  expect(store.findings()).toHaveLength(2);
  expect(store.aside).toBe(0);

  store.apply({ requests: [request({ ...made, id: "made too", start_ns: 6 })] });
  expect(store.showSynthetic(false)).toBe(true);
  expect(store.showSynthetic(false)).toBe(false);
  expect(ids(store)).toEqual(["r1"]);
  expect(store.aside).toBe(2);
});
