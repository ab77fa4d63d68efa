import { expect, test } from "vitest";

import { Recent } from "./recent";
import { Sorted } from "./sorted";

interface Item {
  at: number;
  name: string;
}

function sorted(...given: [at: number, name: string][]): { list: Sorted<Item>; items: Item[] } {
  const list = new Sorted<Item>((item) => item.at);
  const items = given.map(([at, name]) => ({ at, name }));
  for (const item of items) list.insert(item);
  return { list, items };
}

const names = (list: Sorted<Item>): string => list.items.map((item) => item.name).join("");

test("late items find their place, and equals keep the order in which they came", () => {
  const { list } = sorted([1, "a"], [5, "d"], [3, "b"], [5, "e"], [3, "c"]);
  expect(names(list)).toBe("abcde");
});

test("an item is found and removed among its equals", () => {
  const { list, items } = sorted([3, "a"], [3, "b"], [3, "c"]);
  list.remove(items[1] as Item);
  expect(names(list)).toBe("ac");
  expect(list.indexOf(items[2] as Item)).toBe(1);
  expect(list.indexOf(items[1] as Item)).toBe(-1);
});

test("a recent map lets go of what was set longest ago", () => {
  const recent = new Recent<string, number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  recent.set("a", 3);
  recent.set("c", 4);
  expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual([3, undefined, 4]);
});
