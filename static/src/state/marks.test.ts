/** Marks: the last one on a group counts, in whatever order they come. */

import { beforeEach, expect, test } from "vitest";

import type { Mark } from "../protocol/records";
import { known, marks, replaceMarks, takeMarks } from "./marks";

function mark(group: string, atNs: number, isKnown = true): Mark {
  return { group, known: isKnown, by: "alice", at_ns: atNs, note: "" };
}

beforeEach(() => replaceMarks([]));

test("a group is known from its mark on until that is taken back", () => {
  takeMarks([mark("g1", 1), mark("g2", 1)]);
  expect([...known.value]).toEqual(["g1", "g2"]);
  takeMarks([mark("g1", 2, false)]);
  expect([...known.value]).toEqual(["g2"]);
});

test("a mark that was overtaken on its way changes nothing", () => {
  takeMarks([mark("g1", 2, false)]);
  takeMarks([mark("g1", 1)]);
  expect(known.value.size).toBe(0);
});

test("a full state forgets what it does not hold", () => {
  takeMarks([mark("g1", 1)]);
  replaceMarks([mark("g2", 1)]);
  expect([...marks.value.keys()]).toEqual(["g2"]);
});
