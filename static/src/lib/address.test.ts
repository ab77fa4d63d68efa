import { expect, test } from "vitest";

import { fromHash, toHash, type ViewState } from "./address";

const REST: ViewState = {
  tab: "requests",
  filter: "",
  sort: { by: "time", down: true },
  columns: null,
  request: null,
  paused: false,
  thread: null,
  finding: null,
  occurrence: null,
  known: false,
  level: null,
  kind: null,
  colour: "user",
  folded: [],
  time: null,
};

test.each<Partial<ViewState>>([
  {},
  { filter: 'user:"alice b" path:/a&b=c#d status:5xx ms:>200 ümlaut', request: "0000019c-4100-0c", paused: true },
  { request: "a b/ü" },
  { sort: { by: "duration", down: true }, columns: ["time", "user", "trace"] },
  { sort: { by: "time", down: false } },
  { tab: "threads", thread: "p1-7" },
  { colour: "route", folded: ["shop-1/4100", "a&b"], time: [1_700_000_000_000.125, 1_700_000_030_000] },
  { tab: "findings", finding: "c0ffee", occurrence: "p1-0000000007-2", level: "leak", kind: "session-crossed", known: true },
])("a view comes back from its hash: %j", (given) => {
  const view = { ...REST, ...given };
  expect(fromHash(toHash(view))).toEqual(view);
});

test("the view of a plain address has no hash", () => {
  expect(toHash({ ...REST, filter: "  " })).toBe("");
});

test("a hash that nobody wrote here leaves the view at rest", () => {
  expect(fromHash("#section-3")).toEqual(REST);
  expect(fromHash("#view=nonsense&request=&paused=yes&known=2&occurrence=&sort=-weight&columns=.x&colour=9&time=5.0-4.0&%E0%A4%A")).toEqual(REST);
});
