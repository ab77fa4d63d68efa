import { expect, test } from "vitest";

import { process, thread } from "../testing";
import { answers, type Placed, type Served, verdict } from "./answer";

const group = (given: Partial<Placed> = {}): Placed => ({
  level: "leak",
  processes: new Set(["p1"]),
  ...given,
});

test("threads that serve several people one after another are told of once for all processes of a deployment", () => {
  const two = ["p1", "p2"].map((id) => ({
    process: process({ id }),
    alive: true,
    threads: [thread({ process: id, serial: 1 }), thread({ process: id, serial: 2 })],
  }));
  expect(answers(two, [])).toEqual([
    {
      deployment: "gunicorn gthread (WSGI)",
      processes: 2,
      sharing: "sequential",
      does: "each thread serves many people, one after another",
      means: "a threading.local that is not cleared shows the next person the last one’s identity",
      found: "No mix-up found.",
      worst: undefined,
    },
  ]);
});

test("a thread with several requests in flight decides the answer, with the most there were", () => {
  const threads = [
    thread({ serial: 2, sharing: "exclusive", requests: 1, users: 1 }),
    thread({ serial: 1, sharing: "interleaved", max_in_flight: 12 }),
  ];
  const [answer] = answers([{ process: process({ server: "uvicorn", worker_class: "uvicorn" }), alive: true, threads }], []);
  expect(answer?.deployment).toBe("uvicorn (WSGI)");
  expect(answer?.does).toBe("one of 2 threads serves many people, up to 12 requests at once");
  expect(answer?.means).toContain("the others read");
});

test("of workers it is said what one job leaves to the next", () => {
  const worker = (worker_class: string, server = "celery") => process({ server, worker_class, interface: "worker" });
  const told = (of: ReturnType<typeof process>, ...threads: Partial<Parameters<typeof thread>[0]>[]) =>
    answers([{ process: of, alive: true, threads: threads.map((one, place) => thread({ serial: place + 1, ...one })) }], [])[0];
  expect(told(worker("prefork"), {})).toMatchObject({
    deployment: "Celery prefork",
    does: "each process does one job after another",
    means: "what one leaves in a threading.local or a ContextVar, the next one finds: clear it in finally",
  });
  expect(told(worker("threads"), {}, {})?.does).toBe("each thread does one job after another, and several threads work at once");
  expect(told(worker("gevent"), { sharing: "interleaved", max_in_flight: 9 })?.does).toBe("jobs overlap on a thread, up to 9 at once");
  expect(told(worker("fork", "rq"), { sharing: "exclusive" })).toMatchObject({
    deployment: "RQ fork",
    does: "each job has a process of its own",
    means: "nothing that one leaves behind meets another",
  });
});

test("under gevent's patch a threading.local is not said to be shared", () => {
  const threads = [thread({ sharing: "interleaved", max_in_flight: 3 })];
  const [answer] = answers([{ process: process({ facts: { gevent_patched: true } }), alive: true, threads }], []);
  expect(answer?.means).toContain("a threading.local of its own");
});

test("a thread that served one person only is not said to serve many people", () => {
  const [answer] = answers([{ process: process(), alive: true, threads: [thread({ users: 1 })] }], []);
  expect(answer?.does).toBe("its one thread serves many requests, one after another");
});

test("leaks and hazards are counted, and only in the deployment where they are", () => {
  const here = { process: process({ id: "p1" }), alive: true, threads: [thread()] };
  const there = { process: process({ id: "p2", server: "daphne" }), alive: true, threads: [thread({ process: "p2" })] };
  const hazard = group({ level: "hazard" });
  expect(answers([here, there], [group(), hazard, hazard]).map(({ found, worst }) => [found, worst])).toEqual([
    ["1 leak and 2 hazards found.", "leak"],
    ["No mix-up found.", undefined],
  ]);
  expect(answers([here], [hazard])[0]?.found).toBe("1 hazard found, no leak so far.");
  expect(answers([here], [group(), group()])[0]?.found).toBe("2 leaks found.");
});

test("a restart takes nothing back: what was found counts in processes that ended, whose threads are not told of", () => {
  const before = { process: process({ id: "p1" }), alive: false, threads: [thread({ sharing: "interleaved" })] };
  const after = { process: process({ id: "p2" }), alive: true, threads: [thread({ process: "p2" })] };
  const gone = { process: process({ id: "p3", server: "daphne" }), alive: false, threads: [thread({ process: "p3" })] };
  expect(answers([after, before, gone], [group()])).toMatchObject([{ sharing: "sequential", processes: 1, found: "1 leak found." }]);
});

test("a deployment of which nothing runs any more is told of while something was found in it, or nothing else runs", () => {
  const here = { process: process({ id: "p2" }), alive: true, threads: [thread({ process: "p2" })] };
  const gone = { process: process({ id: "p1", server: "daphne", worker_class: "" }), alive: false, threads: [thread()] };
  const told = (...served: Served[]): string[] => answers(served, [group()]).map(({ deployment }) => deployment);
  expect(told(here, gone)).toEqual(["gunicorn gthread (WSGI)", "daphne (WSGI), ended"]);
  expect(answers([here, gone], []).map(({ deployment }) => deployment)).toEqual(["gunicorn gthread (WSGI)"]);
  expect(answers([gone], [])).toMatchObject([{ deployment: "daphne (WSGI), ended", found: "No mix-up found." }]);
});

test("what was found counts where it was, also when the threads of that process are not kept any more", () => {
  const here = { process: process({ id: "p2" }), alive: true, threads: [thread({ process: "p2" })] };
  const before = { process: process({ id: "p1" }), alive: false, threads: [] };
  expect(answers([here, before], [group()])).toMatchObject([{ deployment: "gunicorn gthread (WSGI)", found: "1 leak found." }]);
  expect(answers([before], [group()])).toMatchObject([{ does: "its threads are not kept any more", sharing: null, means: null }]);
});

test("of a file that is cut off no deployment is said to be clean", () => {
  const here = { process: process(), alive: true, threads: [thread()] };
  expect(answers([here], [], true)[0]?.found).toBe("No mix-up found in what could be read.");
  expect(answers([here], [group()], true)[0]?.found).toBe("1 leak found.");
});

test("a notice shows nobody else, so it is no mix-up", () => {
  const [answer] = answers([{ process: process(), alive: true, threads: [thread()] }], [group({ level: "notice" })]);
  expect(answer).toMatchObject({ found: "No mix-up found.", worst: "notice" });
});

test("a process that served nothing says nothing", () => {
  expect(answers([{ process: process(), alive: true, threads: [] }], [])).toEqual([]);
});

test("the verdict is that of the worst finding", () => {
  const occurrences = [1, 2, 3];
  const leak = { level: "leak", occurrences } as const;
  const hazard = { level: "hazard", occurrences } as const;
  expect(verdict([hazard, leak], 9)).toEqual({ state: "leak", text: "People saw each other’s identity: 1 leak, seen 3 times" });
  expect(verdict([leak, { level: "leak", occurrences: [1] }], 9).text).toBe("People saw each other’s identity: 2 leaks, seen 4 times");
  expect(verdict([{ level: "leak", occurrences: [1] }], 9).text).toBe("People saw each other’s identity: 1 leak");
  expect(verdict([hazard], 9).state).toBe("hazard");
});

test("without leak or hazard the verdict says how many requests that rests on", () => {
  expect(verdict([{ level: "notice", occurrences: [1] }], 1_234)).toEqual({
    state: "clean",
    text: "No mix-up found in 1,234 requests",
  });
  expect(verdict([], 0).state).toBe("waiting");
});

test("of a file that is cut off the verdict speaks of what could be read, and is not green", () => {
  expect(verdict([], 15, true)).toEqual({
    state: "waiting",
    text: "No mix-up found in the 15 requests that could be read",
  });
});
