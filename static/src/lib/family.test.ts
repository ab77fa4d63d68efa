import { expect, test } from "vitest";

import type { Process } from "../protocol/records";
import { process } from "../testing";
import { households, type Kin, partByAge } from "./family";

type Member = { process: Process };

function member(given: Partial<Process>): Member {
  return { process: process({ id: `p${given.pid}`, ...given }) };
}

/** Write a tree in short: pids, in brackets those that no record tells of, and what stands below them. */
function written({ pid, member, children }: Kin<Member>): string {
  const below = children.length > 0 ? `: ${children.map(written).join(" ")}` : "";
  return `(${member ? pid : `[${pid}]`}${below})`;
}

function trees(...members: Member[]): string[] {
  return households(members).map(({ host, roots }) => `${host} ${roots.map(written).join(" ")}`);
}

const MINUTE_NS = 60e9;

test("a process that ended keeps its place for ten minutes", () => {
  const alive = { ...member({ pid: 1, seen_ns: 0 }), alive: true };
  const lately = { ...member({ pid: 2, ended_ns: 21 * MINUTE_NS }), alive: false };
  const killed = { ...member({ pid: 3, seen_ns: 21 * MINUTE_NS }), alive: false };
  const earlier = { ...member({ pid: 4, ended_ns: 19 * MINUTE_NS }), alive: false };
  const all = [alive, lately, killed, earlier];
  expect(partByAge(all, 30 * MINUTE_NS)).toEqual({ present: [alive, lately, killed], earlier: [earlier] });
});

test("where all have ended, those stand in their place that ended with the last of them", () => {
  const last = { ...member({ pid: 1, ended_ns: 30 * MINUTE_NS }), alive: false };
  const first = { ...member({ pid: 2, ended_ns: 5 * MINUTE_NS }), alive: false };
  expect(partByAge([first, last], 9_000 * MINUTE_NS)).toEqual({ present: [last], earlier: [first] });
  expect(partByAge([], 0)).toEqual({ present: [], earlier: [] });
});

test("workers stand under the master that no record tells of", () => {
  expect(trees(member({ pid: 11, parent_pid: 10 }), member({ pid: 12, parent_pid: 10 }))).toEqual([
    "shop-1 ([10]: (11) (12))",
  ]);
});

test("a parent that served requests itself stands as what it is", () => {
  const parent = member({ pid: 10, parent_pid: 1, started_ns: 1 });
  expect(trees(member({ pid: 11, parent_pid: 10, started_ns: 2 }), parent)).toEqual(["shop-1 ([1]: (10: (11)))"]);
});

test("the same pid on another host is another process", () => {
  expect(
    trees(
      member({ pid: 11, parent_pid: 10, host: "b" }),
      member({ pid: 10, parent_pid: 1, host: "a" }),
      member({ pid: 12, parent_pid: 10, host: "a", started_ns: 2 }),
    ),
  ).toEqual(["a ([1]: (10: (12)))", "b ([10]: (11))"]);
});

test("a process that was gone when another began, or came later, is not its parent although it had the pid", () => {
  const gone = member({ pid: 10, parent_pid: 1, started_ns: 1, ended_ns: 5 });
  const later = member({ id: "later", pid: 10, parent_pid: 2, started_ns: 9 });
  expect(trees(gone, member({ pid: 11, parent_pid: 10, started_ns: 8 }), later)).toEqual([
    "shop-1 ([1]: (10)) ([10]: (11)) ([2]: (10))",
  ]);
});

test("nobody is lost where pids go round in a circle", () => {
  const one = member({ pid: 10, parent_pid: 11, started_ns: 1 });
  const other = member({ pid: 11, parent_pid: 10, started_ns: 1 });
  expect(trees(one, other)).toEqual(["shop-1 ([11]: (10)) ([10]: (11))"]);
});
