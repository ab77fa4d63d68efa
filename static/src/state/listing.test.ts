import { beforeEach, expect, test } from "vitest";

import { parseFilter } from "../lib/filter";
import type { Request } from "../protocol/records";
import { finding, request } from "../testing";
import { Listing } from "./listing";
import { RecordStore, type Row } from "./records";

const ALICE = { state: "authenticated", id: "1", label: "alice" } as const;
const BOB = { state: "authenticated", id: "2", label: "bob" } as const;

let records: RecordStore;
let listing: Listing;

beforeEach(() => {
  records = new RecordStore(100);
  listing = new Listing(records);
});

function arrive(...requests: Partial<Request>[]): void {
  listing.apply(records.apply({ requests: requests.map((given) => request(given)) }));
}

/** What the table shows, from its last row to its first: with the usual sort, that is the order of time. */
function shown(): (string | undefined)[] {
  return Array.from({ length: listing.length }, (_, place) => listing.at(listing.length - 1 - place)?.request.id);
}

test("the filter holds for rows that are there and for rows that arrive", () => {
  arrive({ id: "a", user: ALICE }, { id: "b", user: BOB });
  listing.setFilter(parseFilter("user:alice"));
  arrive({ id: "c", user: BOB, start_ns: 2_000 }, { id: "d", user: ALICE, start_ns: 3_000 });
  expect(shown()).toEqual(["a", "d"]);
});

test("a row comes and goes as its request comes to match the filter or no longer does", () => {
  listing.setFilter(parseFilter("status:5xx"));
  arrive({ id: "a", outcome: "open", status: null });
  expect(shown()).toEqual([]);
  arrive({ id: "a", status: 500, outcome: "error" });
  expect(shown()).toEqual(["a"]);
  listing.setFilter(parseFilter("ms:<10"));
  arrive({ id: "b", outcome: "open", duration_ns: 1 });
  arrive({ id: "b", outcome: "ok", duration_ns: 20e6 });
  expect(shown()).toEqual(["a"]);
});

test("a paused table holds still, counts what arrives and matches, and shows it afterwards", () => {
  arrive({ id: "a" });
  listing.setFilter(parseFilter("user:alice"));
  listing.pause(records.lastArrival);
  arrive({ id: "b", user: BOB }, { id: "c", user: ALICE });
  expect(shown()).toEqual(["a"]);
  expect(listing.waiting).toBe(1);
  listing.follow();
  expect(shown()).toEqual(["a", "c"]);
  expect(listing.waiting).toBe(0);
});

test("a table that was paused before all was there holds all of it", () => {
  listing.pause(0);
  arrive({ id: "a" });
  listing.holdAll();
  arrive({ id: "b" });
  listing.holdAll();
  arrive({ id: "c" });
  expect(shown()).toEqual(["a", "b"]);
  expect(listing.waiting).toBe(1);
});

test("a table paused between two frames stands as the last one showed it", () => {
  arrive({ id: "a" });
  const drawn = records.lastArrival;
  arrive({ id: "b" });
  listing.pause(drawn);
  expect(shown()).toEqual(["a"]);
  expect(listing.waiting).toBe(1);
});

test("another filter while paused looks at what was there, not at what arrived since", () => {
  arrive({ id: "a", user: ALICE }, { id: "b", user: BOB });
  listing.pause(records.lastArrival);
  arrive({ id: "c", user: BOB });
  listing.setFilter(parseFilter("user:bob"));
  expect(shown()).toEqual(["b"]);
  expect(listing.waiting).toBe(1);
});

test("a request in a paused table still shows how it ended", () => {
  arrive({ id: "a", outcome: "open", status: null });
  listing.pause(records.lastArrival);
  arrive({ id: "a", status: 200, outcome: "ok" });
  expect(listing.at(0)?.request.status).toBe(200);
});

test("a paused table begins again with the state that replaces the old one", () => {
  arrive({ id: "a" });
  listing.pause(records.lastArrival);
  records.clear();
  records.apply({ requests: [request({ id: "new" })] });
  listing.restart();
  expect(shown()).toEqual(["new"]);
  expect(listing.waiting).toBe(0);
});

test("rows that were let go leave the table", () => {
  listing.setFilter(parseFilter("user:alice"));
  arrive(...Array.from({ length: 150 }, (_, n) => ({ id: `r${n}`, start_ns: n, user: n % 2 ? ALICE : BOB })));
  expect(shown()[0]).toBe("r51");
  expect(shown()).toHaveLength(50);
});

test("a row's place is found by the row, live and held", () => {
  arrive({ id: "a", start_ns: 1 }, { id: "b", start_ns: 2 });
  const row = records.row("b") as Row;
  expect(listing.placeOf(row)).toBe(0);
  listing.setSort({ by: "time", down: false });
  expect(listing.placeOf(row)).toBe(1);
  listing.pause(records.lastArrival);
  expect(listing.placeOf(row)).toBe(1);
  arrive({ id: "c" });
  expect(listing.placeOf(records.row("c") as Row)).toBe(-1);
});

test("rows that arrive stand where the sort wants them, and move as what they are sorted by changes", () => {
  listing.setSort({ by: "duration", down: true });
  arrive({ id: "a", duration_ns: 10 }, { id: "b", duration_ns: 30 }, { id: "open", outcome: "open" });
  arrive({ id: "c", duration_ns: 20 });
  expect(shown()).toEqual(["a", "c", "b", "open"]);
  arrive({ id: "open", outcome: "ok", duration_ns: 15 });
  expect(shown()).toEqual(["a", "open", "c", "b"]);
  listing.setSort({ by: "duration", down: false });
  expect(shown()).toEqual(["b", "c", "open", "a"]);
});

test("a finding that comes after its request lets it through the filter and moves it in the sort", () => {
  arrive({ id: "a", start_ns: 1 }, { id: "b", start_ns: 2 });
  listing.setSort({ by: "level", down: true });
  listing.apply(records.apply({ findings: [finding({ request: "a" })] }));
  expect(listing.at(0)?.request.id).toBe("a");
  listing.setFilter(parseFilter("level:leak"));
  expect(shown()).toEqual(["a"]);
  listing.apply(records.apply({ findings: [finding({ id: "f2", request: "b" })] }));
  expect(shown()).toEqual(["a", "b"]);
});

test("a held table takes in what is older than all it has, and counts it as no arrival", () => {
  arrive({ id: "b", start_ns: 2 });
  listing.pause(records.lastArrival);
  arrive({ id: "c", start_ns: 3 });
  listing.apply(records.apply({ requests: [request({ id: "a", start_ns: 1 })] }, true));
  expect(shown()).toEqual(["a", "b"]);
  expect(listing.waiting).toBe(1);
  listing.follow();
  expect(shown()).toEqual(["a", "b", "c"]);
});
