import { expect, test } from "vitest";

import type { Request } from "../protocol/records";
import { finding, request } from "../testing";
import { groupFindings, onePerPlace, tellingOf, worstOf } from "./groups";

const lookUp = (...requests: Request[]) => {
  const byId = new Map(requests.map((one) => [one.id, one]));
  return { request: (id: string): Request | undefined => byId.get(id), isProcess: (id: string): boolean => id === "p1" };
};

test("occurrences of one group stand in the order of their time, whichever was heard first", () => {
  const [group] = groupFindings(
    [finding({ id: "late", request: "r2", at_ns: 5 }), finding({ id: "early", request: "r1", at_ns: 5 })],
    lookUp(request({ id: "r1", start_ns: 100 }), request({ id: "r2", start_ns: 200 })),
  );
  expect(group?.occurrences.map((one) => one.finding.id)).toEqual(["early", "late"]);
  expect([group?.firstNs, group?.lastNs]).toEqual([105, 205]);
});

test("leaks come before hazards, and the newest group first among its like", () => {
  const groups = groupFindings(
    [
      finding({ id: "1", group: "hazard", level: "hazard", request: "r3" }),
      finding({ id: "2", group: "old leak", request: "r1" }),
      finding({ id: "3", group: "new leak", request: "r2" }),
      finding({ id: "4", group: "old leak", request: "r3" }),
    ],
    lookUp(
      request({ id: "r1", start_ns: 100 }),
      request({ id: "r2", start_ns: 200 }),
      request({ id: "r3", start_ns: 300 }),
    ),
  );
  expect(groups.map((group) => group.id)).toEqual(["new leak", "old leak", "hazard"]);
});

test("a finding lies on the thread that read and on the one that wrote", () => {
  const [group] = groupFindings(
    [finding({ writer: { request: "r0", thread_serial: 7, places: [], only: null } })],
    lookUp(request({ process: "p1", thread_serial: 2 })),
  );
  expect([...(group?.threads ?? [])]).toEqual(["p1-2", "p1-7"]);
});

test("a finding whose request is not here counts, without time and place", () => {
  const [group] = groupFindings([finding()], lookUp());
  expect(group).toMatchObject({ firstNs: null, lastNs: null, occurrences: [{ request: null, timeNs: null }] });
  expect(group?.threads.size).toBe(0);
});

test("where it happened is known by its request's id, once the request is not here any more", () => {
  const [group] = groupFindings([finding({ request: "p1-0000000007", writer: { request: null, thread_serial: 3, places: [], only: null } })], lookUp());
  expect([...(group?.processes ?? [])]).toEqual(["p1"]);
  expect([...(group?.threads ?? [])]).toEqual(["p1-3"]);
  const [stranger] = groupFindings([finding({ request: "p2-0000000007" })], lookUp());
  expect(stranger?.processes.size).toBe(0);
});

test("one cause is one group: its worst finding tells it, and the others are counted by kind", () => {
  const [group] = groupFindings(
    [
      finding({ id: "1", kind: "leftover", level: "hazard", request: "r1" }),
      finding({ id: "2", kind: "crossed", level: "leak", request: "r2" }),
      finding({ id: "3", kind: "leftover", level: "hazard", request: "r3" }),
    ],
    lookUp(request({ id: "r1", start_ns: 100 }), request({ id: "r2", start_ns: 200 }), request({ id: "r3", start_ns: 300 })),
  );
  expect(group && tellingOf(group).finding.id).toBe("2");
  expect([group?.level, group?.kind]).toEqual(["leak", "crossed"]);
  expect([...(group?.kinds ?? [])]).toEqual([
    ["crossed", 1],
    ["leftover", 2],
  ]);
});

test("the worst level is found", () => {
  expect(worstOf(["notice", "leak", "hazard"])).toBe("leak");
  expect(worstOf([])).toBeUndefined();
});

test("of the groups at one place the worst stands for them", () => {
  const groups = groupFindings(
    [
      finding({ id: "1", group: "hazard", level: "hazard", holder: "shop._local" }),
      finding({ id: "2", group: "leak", level: "leak", holder: "shop._local" }),
      finding({ id: "3", group: "session", kind: "session-crossed", holder: null }),
    ],
    lookUp(),
  );
  expect(onePerPlace(groups).map((group) => group.id).sort()).toEqual(["leak", "session"]);
});
