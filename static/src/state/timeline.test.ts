import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { fromHash } from "../lib/address";
import { lookAt, noteStretch, stretch } from "./timeline";
import { show, view } from "./view";

beforeEach(() => {
  vi.stubGlobal("requestAnimationFrame", () => 0);
  vi.useFakeTimers();
  lookAt(null);
});
afterEach(() => vi.useRealTimers());

test("where a person moves the timeline to is noted once it stands still", () => {
  noteStretch({ fromMs: 1, toMs: 2 });
  vi.advanceTimersByTime(200);
  noteStretch({ fromMs: 3, toMs: 4 });
  vi.advanceTimersByTime(200);
  expect(stretch.value).toBeNull();
  vi.advanceTimersByTime(100);
  expect(view.value.time).toEqual([3, 4]);
});

test.each(["#view=threads", "#filter=path%3A%2Fcart", "#time=10.000-20.000"])("an address that comes meanwhile is not written over: %s", (hash) => {
  noteStretch({ fromMs: 1, toMs: 2 });
  show(fromHash(hash));
  vi.advanceTimersByTime(1_000);
  expect(view.value).toEqual(fromHash(hash));
});
