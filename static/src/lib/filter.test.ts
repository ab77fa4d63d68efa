import { describe, expect, test } from "vitest";

import type { Finding, Request } from "../protocol/records";
import { finding, request } from "../testing";
import { asksSynthetic, matches, matchesFinding, parseFilter, toParameters, withKey, withoutTerm } from "./filter";
import { KEYS } from "./filter-keys";

function passes(text: string, given: Partial<Request>, ...findings: Partial<Finding>[]): boolean {
  return matches(parseFilter(text), request(given), () => findings.map((one) => finding(one)));
}

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
    ["thread:7", { thread_serial: 7, hops: [] }, true],
    ["route:<int", { route: "orders/<int:pk>/" }, true],
    ["route:orders", {}, false],
    ["view:views.home", {}, true],
    ["view:Views", {}, false],
    ["task:Task-7", { task_name: "Task-7", task_serial: 2 }, true],
    ["task:2", { task_name: "Task-7", task_serial: 2 }, true],
    ["task:2", { greenlet_serial: 2 }, true],
    ["task:2", {}, false],
    ["session:5e55", { session: "5e55" }, true],
    ["session:5e", { session: "5e55" }, false],
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

test.each<[text: string, passes: boolean]>([
  ["level:leak", true],
  ["level:notice", false],
  ["kind:lost level:hazard", true],
  ["kind:lost level:leak", false],
  ["holder:_locals", true],
  ["holder:_locals kind:lost", false],
  ["holder:_locals user:alice", true],
  ["holder:_locals user:bob", false],
])("a request with a leak at a holder and something lost passes %s: %j", (text, expected) => {
  const leak = { kind: "crossed", level: "leak", holder: "shop._locals.request" } as const;
  const lost = { kind: "lost", level: "hazard", holder: null } as const;
  expect(parseFilter(text).problems).toEqual([]);
  expect(passes(text, {}, leak, lost)).toBe(expected);
  expect(passes(text, {})).toBe(false);
});

test("a finding passes by itself and by its request, which must be known if anything is asked of it", () => {
  const shown = (text: string, known: Request | undefined): boolean => matchesFinding(parseFilter(text), finding(), known);
  expect(shown("level:leak user:alice", request())).toBe(true);
  expect(shown("level:leak user:bob", request())).toBe(false);
  expect(shown("level:hazard", request())).toBe(false);
  expect(shown("level:leak", undefined)).toBe(true);
  expect(shown("level:leak user:alice", undefined)).toBe(false);
});

test.each(["level:bad", "kind:crosed", "status:abc", "status:9xx", "thread:main", "thread:0", "ms:fast", "ms:5", "method:1", "user:"])(
  "%s is refused with what it takes, and filters nothing out",
  (text) => {
    const filter = parseFilter(text);
    expect(filter.terms).toEqual([]);
    const key = KEYS[text.split(":")[0] as string];
    expect(filter.problems).toEqual([expect.stringContaining(`takes ${key?.takes}, as in ${key?.example}.`)]);
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
  const { parameters, unknown } = toParameters(parseFilter('user:"alice b" status:5xx ms:>9 level:leak cart'));
  expect(parameters.toString()).toBe("user=alice+b&status=5xx&ms=%3E9&level=leak");
  expect(unknown).toEqual(["cart"]);
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

test("what stands as an example is understood", () => {
  for (const { example } of Object.values(KEYS)) expect(parseFilter(example).problems).toEqual([]);
});

test("what reqtrace sent itself is asked for by its token alone", () => {
  const asked = (text: string): boolean => asksSynthetic(parseFilter(text));
  expect([asked(""), asked("cart"), asked("synthetic:no"), asked("synthetic:yes"), asked("synthetic:only")]).toEqual([false, false, false, true, true]);
  const only = parseFilter("synthetic:only");
  expect(matches(only, request({ synthetic: true }), () => [])).toBe(true);
  expect(matches(only, request(), () => [])).toBe(false);
  expect(matchesFinding(parseFilter("synthetic:yes"), finding(), undefined)).toBe(true);
  expect(parseFilter("synthetic:maybe").problems).toHaveLength(1);
});
