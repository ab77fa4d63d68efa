/** What the page says in which language. */

import { afterEach, expect, test } from "vitest";

import { speak, t, tn } from "./text";

afterEach(() => speak("en", {}));

test("what no catalog knows is said in English", () => {
  speak("de", { Known: "Bekannt", Empty: "" });
  expect([t("Known"), t("Unknown"), t("Empty")]).toEqual(["Bekannt", "Unknown", "Empty"]);
});

test("values stand where the translation wants them, and a brace without one stays", () => {
  speak("de", { "{who} on {host}": "auf {host}: {who}, {other}" });
  expect(t("{who} on {host}", { who: "alice", host: "shop-1" })).toBe("auf shop-1: alice, {other}");
});

test("a value that looks like a pattern is text", () => {
  expect(t("{path} again", { path: "$& {path}" })).toBe("$& {path} again");
});

test("counts take their form and their digits from the language", () => {
  const thread = (n: number): string => tn("{n} thread", "{n} threads", n);
  expect([0, 1, 12_345].map(thread)).toEqual(["0 threads", "1 thread", "12,345 threads"]);
  speak("de", { "{n} thread": ["{n} Thread", "{n} Threads"] });
  expect([0, 1, 12_345].map(thread)).toEqual(["0 Threads", "1 Thread", "12.345 Threads"]);
});

test("languages of more forms than two find theirs", () => {
  speak("pl", { "{n} thread": ["{n} wątek", "{n} wątki", "{n} wątków"] });
  expect([1, 3, 5].map((n) => tn("{n} thread", "{n} threads", n))).toEqual(["1 wątek", "3 wątki", "5 wątków"]);
});

test("values beside the count are filled in, too", () => {
  expect(tn("{n} leak in {place}", "{n} leaks in {place}", 2, { place: "a" })).toBe("2 leaks in a");
});
