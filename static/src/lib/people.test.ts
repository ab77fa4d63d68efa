import { expect, test } from "vitest";

import { hueOf, userKey, userName } from "./people";

test("a user's colour does not depend on who else is there", () => {
  expect([hueOf("1"), hueOf("alice")]).toEqual([hueOf("1"), hueOf("alice")]);
  for (let id = 1; id < 500; id += 1) expect(hueOf(String(id)) % 15).toBe(0);
});

test("the debug toolbar's panel gives the same hues: these numbers stand in its test, too", () => {
  expect(["1", "2", "alice", "Zoë", "👩"].map(hueOf)).toEqual([300, 60, 150, 315, 195]);
});

test("the first few users have different colours, mostly", () => {
  const hues = new Set(Array.from({ length: 24 }, (_, id) => hueOf(String(id + 1))));
  expect(hues.size).toBeGreaterThanOrEqual(12);
});

test("nobody in particular is named in words and has no colour", () => {
  const anonymous = { state: "anonymous", id: null, label: null } as const;
  const unresolved = { state: "unresolved", id: null, label: null } as const;
  expect([userName(anonymous), userName(unresolved)]).toEqual(["anonymous", "not resolved"]);
  expect([userKey(anonymous), userKey(unresolved)]).toEqual([null, null]);
  expect(userName({ state: "authenticated", id: "7", label: null })).toBe("7");
});
