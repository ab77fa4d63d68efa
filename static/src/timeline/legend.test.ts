import { expect, test } from "vitest";

import type { ColourBy } from "../lib/colour";
import { RecordStore } from "../state/records";
import { process, request } from "../testing";
import { legendOf } from "./legend";
import { Model } from "./model";

const WHOLE = { fromUs: -1e9, toUs: 1e9 };

function namesBy(by: ColourBy, span = WHOLE): string[] {
  const records = new RecordStore();
  records.apply({
    processes: [process()],
    requests: [
      request({ id: "a", start_ns: 0, duration_ns: 1e6, route: "cart/" }),
      request({ id: "b", start_ns: 2e6, duration_ns: 1e6, route: "cart/", status: 404 }),
      request({ id: "c", start_ns: 4e6, duration_ns: 1e6, status: 500, user: { state: "anonymous", id: null, label: null } }),
      request({ id: "d", start_ns: 6e6, outcome: "open", status: null }),
    ],
  });
  const model = new Model(records, 0);
  model.rebuild();
  model.setColourBy(by);
  return legendOf(model, span).flatMap(({ names }) => names);
}

test("the legend names what the colours stand for, those of the most bars first", () => {
  expect(namesBy("user")).toEqual(["alice", "anonymous"]);
  expect(namesBy("status")).toEqual(["2xx", "4xx", "5xx", "running"]);
  expect(namesBy("process")).toEqual(["pid 4100"]);
  expect(namesBy("route")).toContain("cart/");
});

test("the legend leaves out what is not in sight", () => {
  expect(namesBy("user", { fromUs: 4_000, toUs: 5_000 })).toEqual(["anonymous"]);
});
