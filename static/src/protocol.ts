/**
 * Every message that the socket and the API exchange with this page: the twin of `dashboard/protocol.py`.
 *
 * Records are those of the trace JSON; requests come through the socket without the names of their fields, which this
 * module gives back to them. Times ending in `_ns` are read as doubles, so a Unix time is good to about
 * 256 ns: enough to show and to sort by, and nothing here computes an identity from it.
 */

export const PROTOCOL_VERSION = 2;
/** The code with which the server closes a socket whose person may no longer look. */
export const CLOSE_DENIED = 4403;
/** The most requests that one page of a list may hold. */
export const LIMIT_MAX = 1_000;

export type Outcome = "ok" | "error" | "aborted" | "open";
export type Sharing = "exclusive" | "sequential" | "interleaved";
export type Level = "leak" | "hazard" | "notice";

export interface User {
  state: "authenticated" | "anonymous" | "unresolved";
  id: string | null;
  label: string | null;
}

export interface Hop {
  at_ns: number;
  checkpoint: string;
  thread_id: number;
  thread_serial: number;
  task_serial: number | null;
  greenlet_serial: number | null;
}

export interface SameThread {
  before: number;
  at_once: number;
}

/** What a holder named at a checkpoint. */
export interface Reading {
  checkpoint: string;
  holder: string;
  names: "request" | "user" | "other" | "nobody";
  at_ns: number;
}

export interface Request {
  id: string;
  process: string;
  pid: number;
  thread_id: number;
  native_thread_id: number;
  thread_serial: number;
  thread_name: string;
  greenlet_id: number | null;
  greenlet_serial: number | null;
  task_id: number | null;
  task_serial: number | null;
  task_name: string | null;
  loop_id: number | null;
  protocol: "http" | "websocket";
  method: string;
  path: string;
  route: string;
  view: string;
  status: number | null;
  outcome: Outcome;
  start_ns: number;
  duration_ns: number;
  trace_id: string | null;
  parent_span_id: string | null;
  user: User;
  session: string | null;
  hops: Hop[];
  same_thread: SameThread;
  query_string: string | null;
  /** Empty but in the details of one request. */
  readings: Reading[];
}

export interface Thread {
  process: string;
  serial: number;
  thread_id: number;
  native_id: number;
  name: string;
  sharing: Sharing;
  requests: number;
  users: number;
  max_in_flight: number;
  seen_ns: number;
}

export interface Process {
  id: string;
  host: string;
  pid: number;
  parent_pid: number;
  started_ns: number;
  server: string;
  worker_class: string;
  interface: string;
  python: string;
  django: string;
  facts: Record<string, boolean | number | string | null>;
  seen_ns: number;
  ended_ns: number | null;
  requests: number;
  dropped: number;
  sampled_out: number;
  faults: number;
  last_fault: string | null;
}

export interface Side {
  request: string | null;
  user: User;
}

export interface Finding {
  id: string;
  request: string;
  kind: string;
  level: Level;
  checkpoint: string;
  at_ns: number;
  holder: string | null;
  holder_kind: string | null;
  expected: Side;
  observed: Side;
  writer: { request: string | null; thread_serial: number | null } | null;
  stack: { file: string; line: number; function: string }[];
  message: string;
  fix: string;
  group: string;
}

/** A thread as the operating system knows it. */
export interface NativeThread {
  native_id: number;
  name: string | null;
  cpu_time_ns: number;
  /** How much of one processor it used of late. */
  cpu_utilization: number;
}

/** What a process used of its machine at one moment; null is what could not be measured. */
export interface Measurement {
  process: string;
  number: number;
  measured_ns: number;
  requests_in_flight: number;
  requests_per_second: number;
  dropped: number;
  cpu_utilization: number | null;
  memory_usage: number | null;
  thread_count: number | null;
  open_file_descriptor_count: number | null;
  context_switches_voluntary: number | null;
  context_switches_involuntary: number | null;
  /** Only every five seconds. */
  threads: NativeThread[] | null;
}

/** What a person said of a group of findings. */
export interface Mark {
  group: string;
  /** False takes an earlier mark back. */
  known: boolean;
  /** Empty for a local visitor without an account. */
  by: string;
  at_ns: number;
  note: string;
}

export interface Health {
  store: "ok" | "unreachable";
  message: string;
  corrupt: number;
}

export interface Records {
  processes: Process[];
  threads: Thread[];
  requests: Request[];
  findings: Finding[];
  /** Of one group, the last counts. */
  marks: Mark[];
  measurements: Measurement[];
}

/** The cursors of what is older than the records of a full state; null where nothing is. */
export interface Older {
  requests: string | null;
  findings: string | null;
}

export interface Hello {
  type: "hello";
  version: typeof PROTOCOL_VERSION;
  server_time_ns: number;
  position: number;
  resumed: boolean;
  health: Health;
  records: Records;
  older: Older;
}

export interface Batch {
  type: "batch";
  server_time_ns: number;
  position: number;
  records: Records;
}

export interface Missed {
  type: "missed";
  after: number;
  until: number;
  requests: number;
}

export interface Status {
  type: "status";
  server_time_ns: number;
  health: Health;
}

export interface Denied {
  type: "denied";
  message: string;
}

export type ServerMessage = Hello | Batch | Missed | Status | Denied;

/** What this page makes of the `hello` of a server that speaks another version. */
export interface Foreign {
  type: "foreign";
}

/** The one message to the server: everything up to here has been taken in. Due after each `hello` and `batch`. */
export interface Seen {
  type: "seen";
  position: number;
}

export interface RequestList {
  requests: Request[];
  cursor: string | null;
  corrupt: number;
}

export interface RequestDetail {
  request: Request;
  process: Process | null;
  thread: Thread | null;
  findings: Finding[];
  before: Request[];
  during: Request[];
  after: Request[];
}

export interface ThreadList {
  threads: Thread[];
  corrupt: number;
}

export interface ProcessList {
  processes: Process[];
  measurements: Measurement[];
  corrupt: number;
}

export interface FindingList {
  findings: Finding[];
  cursor: string | null;
  corrupt: number;
}

export interface MarkList {
  marks: Mark[];
  /** What a change must bear, in the header that is named here. */
  csrf_token: string;
  csrf_header: string;
  corrupt: number;
}

/** What marks a group as known. */
export interface MarkRequest {
  note: string;
}

export interface ApiError {
  error: string;
  parameter: string | null;
}

export interface PageConfig {
  version: number;
  reqtrace: string;
  api_url: string;
  live_url: string;
  user: string;
  sign_out_url: string | null;
  csrf_token: string;
  /** Links of the project's own: text to address. */
  links: Record<string, string>;
  /** Where a trace viewer shows a trace, with `{trace_id}` in place of its id. */
  trace_url: string | null;
}

const MESSAGE_TYPES: ReadonlySet<string> = new Set<ServerMessage["type"]>([
  "hello",
  "batch",
  "missed",
  "status",
  "denied",
]);

/** The fields of a request in the order in which the socket brings their values: that of `Request` in `records.py`. */
export const REQUEST_FIELDS = [
  "id", "process", "pid", "thread_id", "native_thread_id", "thread_serial", "thread_name",
  "greenlet_id", "greenlet_serial", "task_id", "task_serial", "task_name", "loop_id",
  "protocol", "method", "path", "route", "view", "status", "outcome", "start_ns", "duration_ns",
  "trace_id", "parent_span_id", "user", "session", "hops", "same_thread", "query_string", "readings",
] as const satisfies readonly (keyof Request)[];

/** A request on the wire; what is missing at its end was not known to the process that wrote it. */
type PackedRequest = readonly unknown[];

const NOBODY: User = { state: "unresolved", id: null, label: null };

/** Read a message of the socket; null for one that this page does not know, so that a newer server does not break it. */
export function decodeMessage(text: string): ServerMessage | Foreign | null {
  const message = JSON.parse(text) as { type?: unknown };
  if (typeof message.type !== "string" || !MESSAGE_TYPES.has(message.type)) return null;
  const known = message as ServerMessage;
  if (known.type === "hello" && known.version !== PROTOCOL_VERSION) return { type: "foreign" };
  if (known.type === "hello" || known.type === "batch") {
    known.records.requests = (known.records.requests as unknown as PackedRequest[]).map(unpackRequest);
  }
  return known;
}

function unpackRequest(values: PackedRequest): Request {
  const named: Record<string, unknown> = {};
  REQUEST_FIELDS.forEach((field, place) => (named[field] = values[place] ?? null));
  const request = named as unknown as Request;
  request.user ??= NOBODY;
  request.hops ??= [startOf(request)];
  request.readings ??= [];
  return request;
}

/** The only hop of a request that stays on the thread where it began. */
function startOf({ thread_id, thread_serial, task_serial, greenlet_serial }: Request): Hop {
  return { at_ns: 0, checkpoint: "start", thread_id, thread_serial, task_serial, greenlet_serial };
}

/** Write the message that says how far this page is; the server sends no more than a few batches ahead of it. */
export function encodeSeen(position: number): string {
  return JSON.stringify({ type: "seen", position } satisfies Seen);
}
