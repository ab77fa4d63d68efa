/**
 * Every message that the socket and the API exchange with this page: the twin of `dashboard/protocol.py`.
 *
 * Records are those of the trace JSON. Times ending in `_ns` are read as doubles, so a Unix time is good to about
 * 256 ns: enough to show and to sort by, and nothing here computes an identity from it.
 */

export const PROTOCOL_VERSION = 1;
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
}

export interface Hello {
  type: "hello";
  version: number;
  server_time_ns: number;
  position: number;
  resumed: boolean;
  health: Health;
  records: Records;
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
  corrupt: number;
}

export interface FindingList {
  findings: Finding[];
  cursor: string | null;
  corrupt: number;
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
}

const MESSAGE_TYPES: ReadonlySet<string> = new Set<ServerMessage["type"]>([
  "hello",
  "batch",
  "missed",
  "status",
  "denied",
]);

/** Read a message of the socket; null for one that this page does not know, so that a newer server does not break it. */
export function decodeMessage(text: string): ServerMessage | null {
  const message = JSON.parse(text) as { type?: unknown };
  return typeof message.type === "string" && MESSAGE_TYPES.has(message.type) ? (message as ServerMessage) : null;
}

/** Write the message that says how far this page is; the server sends no more than a few batches ahead of it. */
export function encodeSeen(position: number): string {
  return JSON.stringify({ type: "seen", position } satisfies Seen);
}
