/** The keys that the filter understands: what each takes, which requests or findings it means, and what it offers. */

import type { Finding, Request } from "../protocol/records";
import { KINDS, LEVELS } from "./kinds";
import { t } from "./text";

type Test<T> = (record: T) => boolean;

export interface Key {
  /** What may stand behind the colon, for people. */
  takes: string;
  example: string;
  /** Turn a value into a test of requests; null when it cannot be understood. */
  request?(value: string): Test<Request> | null;
  /** Turn a value into a test of findings; null when it cannot be understood. */
  finding?(value: string): Test<Finding> | null;
  /** The values that a request would be found by. */
  seenInRequest?(request: Request): (string | number | null)[];
  seenInFinding?(finding: Finding): (string | null)[];
  /** What is offered besides the values that were seen. */
  offers?: readonly string[];
}

const COMPARISONS: Record<string, (lengthNs: number, limitNs: number) => boolean> = {
  ">": (lengthNs, limitNs) => lengthNs > limitNs,
  ">=": (lengthNs, limitNs) => lengthNs >= limitNs,
  "<": (lengthNs, limitNs) => lengthNs < limitNs,
  "<=": (lengthNs, limitNs) => lengthNs <= limitNs,
};

/** What no request fails. */
export const EVERYTHING: Test<Request> = () => true;

export const KEYS: Record<string, Key> = {
  user: {
    takes: t("a name or an id, or anonymous, or unresolved"),
    example: "user:alice",
    request: (value) => (request) => {
      const { state, id, label } = request.user;
      return value === id || value === label || (state !== "authenticated" && value === state);
    },
    seenInRequest: ({ user: { state, id, label } }) => [state === "authenticated" ? (label ?? id) : state],
  },
  path: {
    takes: t("how the path begins"),
    example: "path:/cart",
    request: (value) => (request) => request.path.startsWith(value),
    seenInRequest: ({ path }) => [path],
  },
  method: {
    takes: t("an HTTP method"),
    example: "method:POST",
    request(value) {
      const method = value.toUpperCase();
      return /^[A-Z-]+$/.test(method) ? (request) => request.method === method : null;
    },
    seenInRequest: ({ method }) => [method],
  },
  protocol: {
    takes: t("http, websocket or job"),
    example: "protocol:job",
    request: (value) => (["http", "websocket", "job"].includes(value) ? (request) => request.protocol === value : null),
    seenInRequest: ({ protocol }) => [protocol],
    offers: ["http", "websocket", "job"],
  },
  status: {
    takes: t("a code or a class of codes"),
    example: "status:5xx",
    request(value) {
      if (!/^[1-5](\d\d|xx)$/i.test(value)) return null;
      const [low, span] = /x/i.test(value) ? [Number(value[0]) * 100, 100] : [Number(value), 1];
      return ({ status }) => status !== null && status >= low && status < low + span;
    },
    seenInRequest: ({ status }) => [status],
    offers: ["2xx", "3xx", "4xx", "5xx"],
  },
  ms: {
    takes: t("a duration in milliseconds behind >, >=, < or <="),
    example: "ms:>200",
    request(value) {
      const [, sign = "", digits] = /^(>=|<=|>|<)(\d+(?:\.\d+)?)$/.exec(value) ?? [];
      const holds = COMPARISONS[sign];
      if (!holds) return null;
      const limitNs = Number(digits) * 1e6;
      return (request) => holds(request.duration_ns, limitNs);
    },
    offers: [">100", ">200", ">1000", "<=10"],
  },
  level: {
    takes: t("the level of a finding: leak, hazard or notice"),
    example: "level:leak",
    finding: (value) => (LEVELS.some((level) => level === value) ? (finding) => finding.level === value : null),
    offers: LEVELS,
  },
  kind: {
    takes: t("a kind of finding"),
    example: "kind:crossed",
    finding: (value) => (KINDS.includes(value) ? (finding) => finding.kind === value : null),
    seenInFinding: ({ kind }) => [kind],
    offers: KINDS,
  },
  holder: {
    takes: t("a part of the path of the holder in a finding"),
    example: "holder:_thread_locals",
    finding: (value) => (finding) => finding.holder?.includes(value) ?? false,
    seenInFinding: ({ holder }) => [holder],
  },
  process: {
    takes: t("a pid or a process id"),
    example: "process:4100",
    request: (value) => (request) => value === request.process || value === String(request.pid),
    seenInRequest: ({ pid }) => [pid],
  },
  thread: {
    takes: t("a thread’s number within its process"),
    example: "thread:3",
    request(value) {
      const serial = Number(value);
      if (!/^[1-9]\d*$/.test(value)) return null;
      return (request) => request.thread_serial === serial || request.hops.some((hop) => hop.thread_serial === serial);
    },
    seenInRequest: ({ thread_serial, hops }) => [thread_serial, ...hops.map((hop) => hop.thread_serial)],
  },
  task: {
    takes: t("a task’s name, or a task’s or greenlet’s number"),
    example: "task:Task-7",
    request: (value) => (request) => tasksOf(request).some((task) => String(task) === value),
    seenInRequest: ({ task_name, task_serial, greenlet_serial }) => [task_name ?? task_serial ?? greenlet_serial],
  },
  route: {
    takes: t("a part of the route"),
    example: "route:orders/",
    request: (value) => (request) => request.route.includes(value),
    seenInRequest: ({ route }) => [route],
  },
  view: {
    takes: t("a part of the view’s name"),
    example: "view:views.cart",
    request: (value) => (request) => request.view.includes(value),
    seenInRequest: ({ view }) => [view],
  },
  session: {
    takes: t("the keyed hash of a session, as the details show it"),
    example: "session:5e55c0ffee",
    request: (value) => (request) => request.session === value,
    seenInRequest: ({ session }) => [session],
  },
  synthetic: {
    takes: t("yes, for what stress and prove sent, too; only, for that alone; or no"),
    example: "synthetic:yes",
    request(value) {
      if (value === "yes") return EVERYTHING;
      return value === "only" || value === "no" ? (request) => request.synthetic === (value === "only") : null;
    },
    offers: ["yes", "only"],
  },
};

function tasksOf({ task_name, task_serial, greenlet_serial, hops }: Request): (string | number | null)[] {
  const later = hops.flatMap((hop) => [hop.task_serial, hop.greenlet_serial]);
  return [task_name, task_serial, greenlet_serial, ...later];
}
