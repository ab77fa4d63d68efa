import { describe, expect, test } from "vitest";

import type { Request } from "../protocol";
import { request } from "../testing";
import { KEYS, matches, parseFilter, toParameters, withKey, withoutTerm } from "./filter";

const passes = (text: string, given: Partial<Request>): boolean => matches(parseFilter(text), request(given));

describe("a request passes", () => {
  const anonymous = { state: "anonymous", id: null, label: null } as const;
  const unresolved = { state: "unresolved", id: null, label: null } as const;
  const elsewhere = { ...request().hops[0], thread_serial: 7 } as Request["hops"][number];
  test.each<[text: string, given: Partial<Request>, passes: boolean]>([
    ["", {}, true],
    ["user:alice", {}, true],
    ["user:1", {}, true],
    ["user:ali", {}, false],
    ["user:anonymous", { user: anonymous }, true],
    ["user:unresolved", { user: unresolved }, true],
    ["user:authenticated", {}, false],
    ['user:"alice b"', { user: { state: "authenticated", id: "9", label: "alice b" } }, true],
    ["path:/cart", { path: "/cart/add/" }, true],
    ["path:/cart", { path: "/a/cart/" }, false],
    ["method:post", { method: "POST" }, true],
    ["method:POST", {}, false],
    ["status:200", {}, true],
    ["status:2xx", { status: 204 }, true],
    ["status:2xx", { status: 302 }, false],
    ["status:5XX", { status: 503 }, true],
    ["status:2xx", { status: null }, false],
    ["process:4100", {}, true],
    ["process:p1", {}, true],
    ["process:410", {}, false],
    ["thread:1", {}, true],
    ["thread:7", { hops: [...request().hops, elsewhere] }, true],
    ["thread:7", {}, false],
    ["ms:>4.9", {}, true],
    ["ms:>5", {}, false],
    ["ms:>=5", {}, true],
    ["ms:<5", {}, false],
    ["ms:<=5", {}, true],
    ["CART", { path: "/cart/" }, true],
    ["views.home", {}, true],
    ["lice", {}, true],
    ["nowhere", {}, false],
    ['"a:b"', { path: "/a:b/" }, true],
    ["user:alice path:/cart", { path: "/" }, false],
    ["user:alice path:/cart add", { path: "/cart/add/" }, true],
  ])("%j with %j: %j", (text, given, expected) => {
    expect(parseFilter(text).problems).toEqual([]);
    expect(passes(text, given)).toBe(expected);
  });
});

test.each(["status:abc", "status:9xx", "thread:main", "thread:0", "ms:fast", "ms:5", "method:1", "user:"])(
  "%s is refused with what it takes, and filters nothing out",
  (text) => {
    const filter = parseFilter(text);
    expect(filter.terms).toEqual([]);
    expect(filter.problems).toEqual([expect.stringContaining(KEYS[text.split(":")[0] as string]?.takes as string)]);
  },
);

test("an unknown token is refused with the tokens there are", () => {
  const [problem] = parseFilter("colour:red").problems;
  expect(problem).toContain("colour: is no filter");
  expect(problem).toContain("user, path, method");
});

test("names that every object has are no tokens", () => {
  expect(parseFilter("constructor:x").problems).toHaveLength(1);
});

test("of one token the last holds, and it is said", () => {
  const filter = parseFilter("user:alice user:bob");
  expect(filter.terms.map((term) => term.value)).toEqual(["bob"]);
  expect(filter.problems[0]).toContain("user:alice does not");
});

test("the server is asked with what it knows, and the rest is named", () => {
  const { parameters, unknown } = toParameters(parseFilter('user:"alice b" status:5xx ms:>9 cart'));
  expect(parameters.toString()).toBe("user=alice+b&status=5xx");
  expect(unknown).toEqual(["ms:>9", "cart"]);
});

test("setting a token replaces its earlier value and keeps the rest", () => {
  expect(withKey("user:alice cart", "user", "bob")).toBe("cart user:bob");
  expect(withKey("cart", "user", "bob b")).toBe('cart user:"bob b"');
  expect(withKey("user:alice cart", "user", null)).toBe("cart");
});

test("a term can be taken out again", () => {
  const text = "user:alice cart ms:>5";
  expect(withoutTerm(text, parseFilter(text).terms[1] as never)).toBe("user:alice ms:>5");
});
