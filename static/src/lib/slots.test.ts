import { expect, test } from "vitest";

import { Slots } from "./slots";

test("a row keeps its element as long as it shows", () => {
  const slots = new Slots();
  const [a, b] = slots.assign(["a", "b"], true);
  expect(slots.assign(["c", "a", "b"], true).slice(1)).toEqual([a, b]);
  expect(slots.assign(["c", "a", "b"], false).slice(1)).toEqual([a, b]);
});

test("while following, arriving rows take the elements of those that left", () => {
  const slots = new Slots();
  const before = slots.assign(["a", "b"], true);
  expect(slots.assign(["c", "d"], true)).toEqual(before);
});

test("in a held table no element comes to show another row", () => {
  const slots = new Slots();
  const before = slots.assign(["a", "b"], true);
  const after = slots.assign(["b", "c"], false);
  expect(after[0]).toBe(before[1]);
  expect(before).not.toContain(after[1]);
});

test("no two rows share an element", () => {
  const slots = new Slots();
  slots.assign(["a", "b", "c"], true);
  slots.assign(["c", "d"], false);
  const now = slots.assign(["e", "d", "f", "c", "g"], true);
  expect(new Set(now).size).toBe(now.length);
});
