import { expect, test } from "vitest";

import { finding } from "../testing";
import { Announcer } from "./announcement";

test("the first leak of a group is told in its words, later ones are summed up now and then", () => {
  const announcer = new Announcer();
  const leak = finding({ message: "Alice saw Bob." });
  expect(announcer.hear([leak], 0)).toBe("Leak: Alice saw Bob.");
  expect(announcer.hear([leak, leak], 1_000)).toBeNull();
  expect(announcer.hear([leak], 40_000)).toBe("3 more leaks of a kind seen before.");
  expect(announcer.hear([], 90_000)).toBeNull();
});

test("a leak of another group is told at once", () => {
  const announcer = new Announcer();
  announcer.hear([finding({ group: "g1" })], 0);
  expect(announcer.hear([finding({ group: "g2", message: "Another." })], 1)).toBe("Leak: Another.");
});

test("hazards, and leaks that were there when the page opened, are not told", () => {
  const announcer = new Announcer();
  announcer.know([finding({ group: "old" })]);
  expect(announcer.hear([finding({ group: "old" })], 0)).not.toContain("Leak:");
  expect(announcer.hear([finding({ group: "new", level: "hazard" })], 60_000)).toBeNull();
});
