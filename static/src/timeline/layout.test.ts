import { expect, test } from "vitest";

import { RecordStore } from "../state/records";
import { process, request, thread } from "../testing";
import { hostKey, type Layout, placeLanes } from "./layout";
import { Model } from "./model";

const NAMES = ["MainThread", "pool_0"];

function modelOf(hosts: readonly string[], known = true): { model: Model; records: RecordStore } {
  const ids = hosts.map((_, place) => `p${place}`);
  const records = new RecordStore();
  const processes = ids.map((id, place) => process({ id, host: hosts[place] as string, started_ns: place }));
  const model = new Model(records, 0);
  records.apply({
    processes: known ? processes : [],
    threads: ids.flatMap((id) => [thread({ process: id, serial: 7 }), thread({ process: id, serial: 2 })]),
  });
  model.apply(
    records.apply({
      requests: ids.flatMap((id) => [
        request({ id: `${id}-pool`, process: id, thread_serial: 2, thread_name: "pool_0" }),
        request({ id: `${id}-main`, process: id, thread_serial: 7, thread_name: "MainThread" }),
      ]),
    }),
  );
  if (!known) model.apply(records.apply({ processes }));
  return { model, records };
}

const headsOf = ({ heads }: Layout): string[] => heads.map(({ key }) => key);

test("hosts stand above their processes, by name, and processes above their threads, the main one first", () => {
  const layout = placeLanes(modelOf(["web-2", "web-1", "web-2"]).model.hosts, new Set(), 900);
  expect(headsOf(layout)).toEqual([hostKey("web-1"), "p1", hostKey("web-2"), "p0", "p2"]);
  expect(layout.shelves.map(({ lane }) => lane.name)).toEqual([...NAMES, ...NAMES, ...NAMES]);
});

test("workers that began within one tick of the clock stand in the order of their pids, whichever served first", () => {
  const records = new RecordStore();
  const model = new Model(records, 0);
  const twins = [process({ id: "later", pid: 102, started_ns: 5 }), process({ id: "former", pid: 101, started_ns: 5 })];
  records.apply({ processes: twins });
  model.apply(records.apply({ requests: twins.map(({ id }) => request({ id: `${id}-1`, process: id })) }));
  expect(headsOf(placeLanes(model.hosts, new Set(), 900))).toEqual(["former", "later"]);
});

test("a single host has no line of its own", () => {
  const layout = placeLanes(modelOf(["web-1", "web-1"]).model.hosts, new Set(), 900);
  expect(headsOf(layout)).toEqual(["p0", "p1"]);
});

test("a folded host is one line, which holds all its processes", () => {
  const layout = placeLanes(modelOf(["web-2", "web-1", "web-2"]).model.hosts, new Set([hostKey("web-2")]), 900);
  expect(headsOf(layout)).toEqual([hostKey("web-1"), "p1", hostKey("web-2")]);
  expect(layout.heads.at(-1)).toMatchObject({ isCollapsed: true, process: null });
  expect(layout.heads.at(-1)?.groups.map((group) => group.process)).toEqual(["p0", "p2"]);
  expect(layout.shelves).toHaveLength(NAMES.length);
});

test("a process that is introduced after its requests moves to its host", () => {
  const { model } = modelOf(["web-2", "web-1"], false);
  expect(model.hosts.map(({ name }) => name)).toEqual(["web-1", "web-2"]);
  expect(model.shape).toBe(2);
});

test("lanes are laid out anew when a filter leaves nothing of them", () => {
  const { model } = modelOf(["web-1"]);
  const before = model.shape;
  model.setFilter(() => false);
  expect(model.shape).toBeGreaterThan(before);
  expect(placeLanes(model.hosts, new Set(), 900).shelves).toEqual([]);
});
