import { beforeEach, expect, test } from "vitest";

import { RecordStore } from "../state/records";
import { finding, process, request, thread } from "../testing";
import { type Layout, placeLanes } from "./layout";
import { Model } from "./model";
import { across, along, lastBefore, toFinding } from "./walk";

const MS = 1e6;

let model: Model;
let layout: Layout;

beforeEach(() => {
  const records = new RecordStore();
  records.apply({
    processes: [process()],
    threads: [thread({ serial: 1 }), thread({ serial: 2 })],
    requests: [
      request({ id: "a", start_ns: 0, duration_ns: 30 * MS }),
      request({ id: "b", start_ns: 10 * MS, duration_ns: 5 * MS }),
      request({ id: "c", start_ns: 50 * MS, duration_ns: 5 * MS }),
      request({ id: "x", start_ns: 12 * MS, thread_serial: 2, thread_name: "worker" }),
      request({ id: "y", start_ns: 60 * MS, thread_serial: 2, thread_name: "worker" }),
    ],
    findings: [
      finding({ request: "b" }),
      finding({ id: "f2", request: "y", level: "hazard" }),
      finding({ id: "f3", request: "c", level: "notice" }),
    ],
  });
  model = new Model(records, 0);
  model.rebuild();
  layout = placeLanes(model.hosts, new Set(), 500);
});

const slot = (id: string): number => model.slotOf(id) as number;
const id = (found: number | undefined): string | undefined =>
  found === undefined ? undefined : model.rowAt(found).request.id;

test("along a lane the walk goes by time, from row to row", () => {
  expect(id(along(model, slot("a"), 1))).toBe("b");
  expect(id(along(model, slot("b"), 1))).toBe("c");
  expect(id(along(model, slot("c"), -1))).toBe("b");
  expect(along(model, slot("c"), 1)).toBeUndefined();
});

test("across lanes it goes to the request nearest in time", () => {
  expect(id(across(model, layout, slot("b"), 1))).toBe("x");
  expect(id(across(model, layout, slot("y"), -1))).toBe("c");
  expect(across(model, layout, slot("x"), 1)).toBeUndefined();
});

test("from finding to finding it passes notices by", () => {
  expect(id(toFinding(model, -1, 1))).toBe("b");
  expect(id(toFinding(model, model.bars.startUs[slot("b")] as number, 1))).toBe("y");
  expect(id(toFinding(model, model.bars.startUs[slot("y")] as number, -1))).toBe("b");
});

test("without a chosen request it begins with the last on the screen", () => {
  expect(id(lastBefore(model, layout, 55 * MS))).toBe("y");
  expect(id(lastBefore(model, layout, 55_000))).toBe("c");
});

test("a folded process takes its lanes from the layout, and a low screen makes lanes tight", () => {
  expect(placeLanes(model.hosts, new Set(["p1"]), 500).shelves).toEqual([]);
  expect(placeLanes(model.hosts, new Set(), 20).cssHeight).toBeLessThan(layout.cssHeight);
});
