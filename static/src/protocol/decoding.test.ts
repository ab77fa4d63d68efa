/** The wire: the golden file that `dashboard/protocol.py` is held to holds the types here, too. */

import { expect, test } from "vitest";

import golden from "../../../tests/golden/protocol.json";
import { decodeMessage, encodeSeen, REQUEST_FIELDS } from "./decoding";
import {
  type ApiError,
  type Batch,
  type Denied,
  type FindingList,
  type Excerpt,
  type FindingCode,
  type Health,
  type Hello,
  type MarkList,
  type MarkRequest,
  type Missed,
  type Older,
  type PageConfig,
  PROTOCOL_VERSION,
  type ProcessList,
  type RequestDetail,
  type RequestList,
  type Seen,
  type Status,
  type ThreadList,
} from "./messages";
import type {
  Finding,
  Frame,
  Mark,
  Measurement,
  Message,
  NativeThread,
  Process,
  Records,
  Reading,
  Request,
  Side,
  Thread,
  User,
  Writer,
} from "./records";

/** Tells whether a value is of a type; says where it is not. */
type Check = (value: unknown, at: string) => void;

const kind =
  (type: string): Check =>
  (value, at) =>
    expect(typeof value, at).toBe(type);
const text = kind("string");
const number = kind("number");
const flag = kind("boolean");
const oneOf =
  (...words: string[]): Check =>
  (value, at) =>
    expect(words, at).toContain(value);
const orNull =
  (check: Check): Check =>
  (value, at) => {
    if (value !== null) check(value, at);
  };
const list =
  (check: Check): Check =>
  (value, at) => {
    expect(Array.isArray(value), at).toBe(true);
    (value as unknown[]).forEach((item, index) => check(item, `${at}[${index}]`));
  };

/** A struct has exactly these fields: the compiler holds the table to the type, the test holds the wire to the table. */
function struct<T>(fields: { [Field in keyof Required<T>]: Check }): Check {
  return (value, at) => {
    expect(Object.keys(value as object).sort(), at).toEqual(Object.keys(fields).sort());
    for (const [name, check] of Object.entries<Check>(fields)) check((value as Record<string, unknown>)[name], `${at}.${name}`);
  };
}

const user = struct<User>({
  state: oneOf("authenticated", "anonymous", "unresolved"),
  id: orNull(text),
  label: orNull(text),
});
const request = struct<Request>({
  id: text,
  process: text,
  pid: number,
  thread_id: number,
  native_thread_id: number,
  thread_serial: number,
  thread_name: text,
  greenlet_id: orNull(number),
  greenlet_serial: orNull(number),
  task_id: orNull(number),
  task_serial: orNull(number),
  task_name: orNull(text),
  loop_id: orNull(number),
  protocol: oneOf("http", "websocket", "job"),
  method: text,
  path: text,
  route: text,
  view: text,
  status: orNull(number),
  outcome: oneOf("ok", "error", "aborted", "open"),
  start_ns: number,
  duration_ns: number,
  trace_id: orNull(text),
  parent_span_id: orNull(text),
  user,
  session: orNull(text),
  hops: list(
    struct<Request["hops"][number]>({
      at_ns: number,
      checkpoint: text,
      thread_id: number,
      thread_serial: number,
      task_serial: orNull(number),
      greenlet_serial: orNull(number),
    }),
  ),
  same_thread: struct<Request["same_thread"]>({ before: number, at_once: number }),
  query_string: orNull(text),
  readings: list(
    struct<Reading>({ checkpoint: text, holder: text, names: oneOf("request", "user", "other", "nobody"), at_ns: number }),
  ),
  parent: orNull(text),
  presumed: orNull(user),
  sent_ns: orNull(number),
  messages: list(
    struct<Message>({ at_ns: number, checkpoint: oneOf("receive", "send"), type: text, size: orNull(number) }),
  ),
  synthetic: flag,
});
const thread = struct<Thread>({
  process: text,
  serial: number,
  thread_id: number,
  native_id: number,
  name: text,
  sharing: oneOf("exclusive", "sequential", "interleaved"),
  requests: number,
  users: number,
  max_in_flight: number,
  seen_ns: number,
  synthetic: number,
});
const process = struct<Process>({
  id: text,
  host: text,
  pid: number,
  parent_pid: number,
  started_ns: number,
  server: text,
  worker_class: text,
  interface: text,
  python: text,
  django: text,
  facts: kind("object"),
  seen_ns: number,
  ended_ns: orNull(number),
  requests: number,
  dropped: number,
  sampled_out: number,
  faults: number,
  last_fault: orNull(text),
  release: orNull(text),
  findings_dropped: number,
  outages: number,
  outage_ns: number,
  trim_ns: number,
  synthetic: number,
  leaks: number,
  hazards: number,
  waiting: number,
});
const side = struct<Side>({ request: orNull(text), user });
const frame = struct<Frame>({ file: text, line: number, function: text });
const finding = struct<Finding>({
  id: text,
  request: text,
  kind: text,
  level: oneOf("leak", "hazard", "notice"),
  checkpoint: text,
  at_ns: number,
  holder: orNull(text),
  holder_kind: orNull(text),
  expected: side,
  observed: side,
  writer: orNull(
    struct<Writer>({ request: orNull(text), thread_serial: orNull(number), places: list(frame), only: orNull(flag) }),
  ),
  stack: list(frame),
  message: text,
  fix: text,
  group: text,
  synthetic: flag,
});
const mark = struct<Mark>({ group: text, known: flag, by: text, at_ns: number, note: text });
const measurement = struct<Measurement>({
  process: text,
  number,
  measured_ns: number,
  requests_in_flight: number,
  requests_per_second: number,
  dropped: number,
  cpu_utilization: orNull(number),
  memory_usage: orNull(number),
  thread_count: orNull(number),
  open_file_descriptor_count: orNull(number),
  context_switches_voluntary: orNull(number),
  context_switches_involuntary: orNull(number),
  threads: orNull(
    list(struct<NativeThread>({ native_id: number, name: orNull(text), cpu_time_ns: number, cpu_utilization: number })),
  ),
});
const records = struct<Records>({
  processes: list(process),
  threads: list(thread),
  requests: list(request),
  findings: list(finding),
  marks: list(mark),
  measurements: list(measurement),
});
const health = struct<Health>({ store: oneOf("ok", "unreachable"), message: text, corrupt: number });

const MESSAGES = {
  hello: struct<Hello>({
    type: oneOf("hello"),
    version: number,
    server_time_ns: number,
    position: number,
    resumed: flag,
    health,
    records,
    older: struct<Older>({ requests: orNull(text), findings: orNull(text) }),
  }),
  batch: struct<Batch>({ type: oneOf("batch"), server_time_ns: number, position: number, records }),
  missed: struct<Missed>({ type: oneOf("missed"), after: number, until: number, requests: number }),
  status: struct<Status>({ type: oneOf("status"), server_time_ns: number, health }),
  denied: struct<Denied>({ type: oneOf("denied"), message: text }),
};

const OTHERS = {
  seen: struct<Seen>({ type: oneOf("seen"), position: number }),
  request_list: struct<RequestList>({ requests: list(request), cursor: orNull(text), corrupt: number }),
  request_detail: struct<RequestDetail>({
    request,
    process: orNull(process),
    thread: orNull(thread),
    findings: list(finding),
    before: list(request),
    during: list(request),
    after: list(request),
  }),
  finding_code: struct<FindingCode>({
    excerpts: list(
      struct<Excerpt>({
        role: oneOf("writer", "reader"),
        file: text,
        line: number,
        function: text,
        first: number,
        lines: list(text),
        missing: orNull(oneOf("elsewhere", "outside", "gone", "changed")),
      }),
    ),
    mending: orNull(text),
  }),
  thread_list: struct<ThreadList>({ threads: list(thread), cursor: orNull(text), corrupt: number }),
  process_list: struct<ProcessList>({ processes: list(process), measurements: list(measurement), cursor: orNull(text), corrupt: number }),
  finding_list: struct<FindingList>({ findings: list(finding), cursor: orNull(text), corrupt: number }),
  mark_list: struct<MarkList>({ marks: list(mark), csrf_token: text, csrf_header: text, corrupt: number }),
  mark_request: struct<MarkRequest>({ note: text }),
  error: struct<ApiError>({ error: text, parameter: orNull(text) }),
  page_config: struct<PageConfig>({
    version: number,
    reqtrace: text,
    api_url: text,
    live_url: text,
    user: text,
    sign_out_url: orNull(text),
    csrf_token: text,
    links: struct<Record<string, string>>({ Handbook: text }),
    trace_url: orNull(text),
  }),
};

const GOLDEN: Record<string, unknown> = golden;

test("the golden file holds every message there is, and no other", () => {
  expect(Object.keys(GOLDEN).sort()).toEqual([...Object.keys(MESSAGES), ...Object.keys(OTHERS)].sort());
});

test.each(Object.entries(OTHERS))("%s on the wire has the fields of its type", (name, check) => {
  check(GOLDEN[name], name);
});

test.each(Object.entries(MESSAGES))("%s has the fields of its type once the socket has brought it", (name, check) => {
  check(decodeMessage(JSON.stringify(GOLDEN[name])), name);
});

test("a request is the same through the socket as through the API, and all else as it was sent", () => {
  const { requests } = golden.request_list;
  const { hello } = golden;
  expect(decodeMessage(JSON.stringify(hello))).toEqual({ ...hello, records: { ...hello.records, requests } });
});

test("the values of a request come in the order of its fields", () => {
  expect(REQUEST_FIELDS).toEqual(Object.keys(golden.request_detail.request));
});

test("of a request that was written before a field was added, the field is empty", () => {
  const { batch } = golden;
  const requests = batch.records.requests.map((values) => values.slice(0, -2));
  const { records } = decodeMessage(JSON.stringify({ ...batch, records: { ...batch.records, requests } })) as Batch;
  expect(records.requests[0]).toMatchObject({ query_string: null, readings: [] });
});

test("a value that a newer server adds to a request is left aside", () => {
  const { batch } = golden;
  const missing = (values: readonly unknown[]): null[] => Array<null>(REQUEST_FIELDS.length - values.length).fill(null);
  const requests = batch.records.requests.map((values) => [...values, ...missing(values), "new"]);
  const newer = { ...batch, records: { ...batch.records, requests } };
  expect(decodeMessage(JSON.stringify(newer))).toEqual(decodeMessage(JSON.stringify(batch)));
});

test("what the page says to the server is what the server expects", () => {
  expect(JSON.parse(encodeSeen(golden.seen.position))).toEqual(golden.seen);
});

test("a message that a newer server sends is left aside", () => {
  expect(decodeMessage('{"type": "weather", "sun": true}')).toBeNull();
});

test("both sides speak the same version", () => {
  expect(golden.hello.version).toBe(PROTOCOL_VERSION);
  expect(golden.page_config.version).toBe(PROTOCOL_VERSION);
});
