import { expect, test } from "vitest";

import { fromHash, toHash, type ViewState } from "./address";

test.each<ViewState>([
  { filter: "", request: null, paused: false },
  { filter: 'user:"alice b" path:/a&b=c#d status:5xx ms:>200 ümlaut', request: "0000019c-4100-0c", paused: true },
  { filter: "", request: "a b/ü", paused: false },
])("a view comes back from its hash: %j", (view) => {
  expect(fromHash(toHash(view))).toEqual(view);
});

test("the view of a plain address has no hash", () => {
  expect(toHash({ filter: "  ", request: null, paused: false })).toBe("");
});

test("a hash that nobody wrote here leaves the view at rest", () => {
  expect(fromHash("#section-3")).toEqual({ filter: "", request: null, paused: false });
  expect(fromHash("#request=&paused=yes&%E0%A4%A")).toEqual({ filter: "", request: null, paused: false });
});
