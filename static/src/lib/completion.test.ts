import { expect, test } from "vitest";

import { finding, request } from "../testing";
import { accept, complete, type Seen, wordAt } from "./completion";

const SEEN: Seen = {
  requests: [
    { request: request({ path: "/cart/", user: { state: "anonymous", id: null, label: null } }) },
    { request: request({ path: "/cart/", method: "POST" }) },
    { request: request({ path: "/orders/cart/", user: { state: "authenticated", id: "9", label: "alice b" } }) },
  ],
  findings: [finding({ holder: "shop._locals.request" }), finding({ id: "f2", holder: null })],
};

const offered = (text: string): string[] => complete(wordAt(text, text.length), SEEN).map((option) => option.text);

test("an empty box offers every key, and the beginning of one the keys that begin so", () => {
  expect(offered("")).toContain("level:");
  expect(offered("user:alice st")).toEqual(["status:"]);
  expect(offered("T")).toEqual(["thread:", "task:"]);
});

test("behind a key stand the values that were seen, those that begin so first, then the most frequent", () => {
  expect(offered("path:")).toEqual(["path:/cart/", "path:/orders/cart/"]);
  expect(offered("path:/o")).toEqual(["path:/orders/cart/"]);
  expect(offered("path:cart")).toEqual(["path:/cart/", "path:/orders/cart/"]);
  expect(offered("user:AL")).toEqual(["user:alice", 'user:"alice b"']);
  expect(offered("user:anon")).toEqual(["user:anonymous"]);
  expect(offered("holder:")).toEqual(["holder:shop._locals.request"]);
});

test("what was never seen is offered where there is a list of it", () => {
  expect(offered("level:")).toEqual(["level:leak", "level:hazard", "level:notice"]);
  expect(offered("kind:cross")).toEqual([
    "kind:crossed",
    "kind:session-crossed",
    "kind:response-crossed",
    "kind:context-crossed",
    "kind:connection-crossed",
  ]);
  expect(offered("status:")[0]).toBe("status:200");
});

test("nothing is offered for a word that is whole, or behind a key that there is not", () => {
  expect(offered("user:anonymous")).toEqual([]);
  expect(offered("colour:")).toEqual([]);
});

test("an option takes the place of its word alone, and the caret stands behind it", () => {
  const text = "us path:/cart";
  const key = accept(text, wordAt(text, 2), { text: "user:", takes: "", count: 0 });
  expect(key).toEqual({ text: "user: path:/cart", caret: 5 });
  const value = accept("user:al", wordAt("user:al", 7), { text: "user:alice", takes: "", count: 1 });
  expect(value).toEqual({ text: "user:alice ", caret: 11 });
  const first = accept("path:/cart", wordAt("path:/cart", 0), { text: "user:", takes: "", count: 0 });
  expect(first).toEqual({ text: "user: path:/cart", caret: 5 });
});

test("quotes keep a word together at the caret", () => {
  expect(wordAt('user:"alice b" x', 12)).toEqual({ from: 0, to: 14, text: 'user:"alice ' });
});
