import { expect, test } from "vitest";

import { request } from "../testing";
import { COLOUR_BY, HOLLOW, NEUTRAL, RECIPES, toneOf } from "./colour";

const anonymous = { state: "anonymous", id: null, label: null } as const;
const unresolved = { state: "unresolved", id: null, label: null } as const;

test("a user keeps a tone, and nobody in particular has one that no user has", () => {
  const alice = toneOf(request(), "user", 0);
  expect(toneOf(request({ id: "r2", path: "/other/" }), "user", 3)).toBe(alice);
  expect(alice).toBeLessThan(NEUTRAL);
  expect(toneOf(request({ user: anonymous }), "user", 0)).toBe(NEUTRAL);
  expect(toneOf(request({ user: unresolved }), "user", 0)).toBe(HOLLOW);
});

test("by status, success, redirection, errors of either side and running requests all differ", () => {
  const tones = [
    request({ status: 200 }),
    request({ status: 302 }),
    request({ status: 404 }),
    request({ status: 500 }),
    request({ status: null, outcome: "open" }),
    request({ status: null, outcome: "aborted" }),
  ].map((one) => toneOf(one, "status", 0));
  expect(new Set(tones).size).toBe(tones.length);
});

test("the first two dozen processes all differ", () => {
  const tones = Array.from({ length: 24 }, (_, rank) => toneOf(request(), "process", rank));
  expect(new Set(tones).size).toBe(24);
});

test.each(COLOUR_BY)("every tone by %s has a recipe", (by) => {
  expect(RECIPES[toneOf(request({ user: anonymous, status: 599 }), by, 99)]).toBeDefined();
});
