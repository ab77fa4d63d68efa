import { beforeEach, expect, test } from "vitest";

import { parseFilter } from "../lib/filter";
import type { Request } from "../protocol";
import { request } from "../testing";
import { Listing } from "./listing";
import { RecordStore } from "./records";

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

const shown = (): string[] => listing.rows.map((row) => row.request.id);

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
  expect(listing.rows[0]?.request.status).toBe(200);
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
  expect(listing.rows.every((row) => !row.gone)).toBe(true);
  expect(shown()[0]).toBe("r51");
  expect(shown()).toHaveLength(50);
});

test("a row's place is found by the row", () => {
  arrive({ id: "a", start_ns: 1 }, { id: "b", start_ns: 2 });
  const row = records.row("b");
  expect(row && listing.indexOf(row)).toBe(1);
});
