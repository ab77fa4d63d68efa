import { beforeEach, expect, test, vi } from "vitest";

import type { Finding, Records, Request } from "../protocol/records";
import { finding, request } from "../testing";
import { beginHistory, history, type Lists, loadHistory } from "./history";
import { listing, records, replaceAll, setFilter, setPaused } from "./live";

const EMPTY: Records = { processes: [], threads: [], requests: [], findings: [], marks: [], measurements: [] };

let asked: string[];
let requests: Record<string, { requests: Request[]; cursor: string | null } | Error>;
let findings: Record<string, { findings: Finding[]; cursor: string | null }>;

const lists: Lists = {
  async requests(cursor) {
    asked.push(cursor);
    const page = requests[cursor] ?? new Error("no such page");
    if (page instanceof Error) throw page;
    return { ...page, corrupt: 0 };
  },
  async findings(cursor) {
    asked.push(`findings ${cursor}`);
    return { findings: [], cursor: null, corrupt: 0, ...findings[cursor] };
  },
};

/** A page of requests that began one after another, the newest first. */
function page(newestNs: number, count: number, path = "/"): Request[] {
  return Array.from({ length: count }, (_, place) => request({ id: `${newestNs - place}`, start_ns: newestNs - place, path }));
}

beforeEach(() => {
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => {
    draw();
    return 0;
  });
  asked = [];
  requests = {};
  findings = {};
  setFilter("");
  setPaused(false);
  replaceAll({ ...EMPTY, requests: page(10_000, 5) });
});

test("a state that holds everything has nothing older", async () => {
  beginHistory(lists, { requests: null, findings: null });
  await loadHistory();
  expect(history.value).toEqual({ state: "whole" });
  expect(asked).toEqual([]);
});

test("pages are loaded into the table until there are enough, and on from there", async () => {
  requests = { "90": { requests: page(9_000, 60), cursor: "80" }, "80": { requests: page(8_000, 60), cursor: "70" } };
  beginHistory(lists, { requests: "90", findings: null });
  setPaused(true);
  await loadHistory();
  expect(asked).toEqual(["90", "80"]);
  expect(history.value).toEqual({ state: "more" });
  expect(listing.length).toBe(125);
  expect(listing.waiting).toBe(0);
  requests["70"] = { requests: page(7_000, 1), cursor: null };
  await loadHistory();
  expect(history.value).toEqual({ state: "whole" });
  expect(listing.at(125)?.request.id).toBe("7000");
});

test("under a filter it goes on until something passes", async () => {
  setFilter("path:/rare");
  requests = {
    "90": { requests: page(9_000, 100), cursor: "80" },
    "80": { requests: page(8_000, 100, "/rare/"), cursor: "70" },
  };
  beginHistory(lists, { requests: "90", findings: null });
  await loadHistory();
  expect(asked).toEqual(["90", "80"]);
  expect(listing.length).toBe(100);
});

test("what was found in them comes along, and no further", async () => {
  requests = { "9000": { requests: page(9_000, 200), cursor: "5000" } };
  findings = { "9500": { findings: [finding({ request: "9000" })], cursor: "2999" } };
  beginHistory(lists, { requests: "9000", findings: "9500" });
  await loadHistory();
  expect(asked).toEqual(["9000", "findings 9500"]);
  expect(records.findingsOf("9000")).toHaveLength(1);
});

test("a failure is told, and the next attempt goes on where it stood", async () => {
  requests = { "90": new Error("The server does not answer.") };
  beginHistory(lists, { requests: "90", findings: null });
  await loadHistory();
  expect(history.value).toEqual({ state: "failed", message: "The server does not answer." });
  requests = { "90": { requests: page(9_000, 1), cursor: null } };
  await loadHistory();
  expect(history.value).toEqual({ state: "whole" });
});

test("a page that comes after another state has replaced this one is left aside", async () => {
  requests = { "90": { requests: page(9_000, 1), cursor: null } };
  beginHistory(lists, { requests: "90", findings: null });
  const loading = loadHistory();
  replaceAll({ ...EMPTY, requests: page(10_000, 2) });
  await loading;
  expect(records.rows).toHaveLength(2);
  expect(history.value).toEqual({ state: "whole" });
});

test("a page that holds as many as it ever does loads no more", async () => {
  replaceAll({ ...EMPTY, requests: page(1_000_000, 99_500).reverse() });
  requests = { "90": { requests: page(9_000, 900), cursor: "80" } };
  beginHistory(lists, { requests: "90", findings: null });
  await loadHistory();
  expect(history.value).toEqual({ state: "full" });
  await loadHistory();
  expect(asked).toEqual(["90"]);
});
