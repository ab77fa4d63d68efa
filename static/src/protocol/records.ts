/**
 * Every record that the socket and the API bring to this page, as in the trace JSON: a part of the twin of
 * `dashboard/protocol.py`.
 *
 * Times ending in `_ns` are read as doubles, so a Unix time is good to about 256 ns: enough to show and to sort by, and
 * nothing here computes an identity from it.
 */

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

/** A message that a WebSocket connection took in or gave out: never what it said. */
export interface Message {
  at_ns: number;
  checkpoint: "receive" | "send";
  type: string;
  size: number | null;
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
  protocol: "http" | "websocket" | "job";
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
  /** Of a job: the request or the job that sent it. */
  parent: string | null;
  /** Of a job: whose request sent it; a guess at whom it works for, where `user` does not say. */
  presumed: User | null;
  sent_ns: number | null;
  /** Empty but in the details of one WebSocket connection. */
  messages: Message[];
  /** Whether reqtrace sent it itself, by `stress` or `prove`. */
  synthetic: boolean;
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
  /** So many of its requests are synthetic. */
  synthetic: number;
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
  /** The deploy that runs. */
  release: string | null;
  findings_dropped: number;
  /** How often, and how long all together, the store took nothing. */
  outages: number;
  outage_ns: number;
  trim_ns: number;
  /** So many of its requests are synthetic. */
  synthetic: number;
  /** Findings so far, kept or not. */
  leaks: number;
  hazards: number;
  /** Requests and records that waited for the store when this was said. */
  waiting: number;
}

export interface Side {
  request: string | null;
  user: User;
}

/** A line of a stack, or of the code. */
export interface Frame {
  file: string;
  line: number;
  function: string;
}

/** Who put into a holder what was found there, and which code does. */
export interface Writer {
  request: string | null;
  thread_serial: number | null;
  /** Where in the code somebody is put there; three at most. */
  places: Frame[];
  /** Whether no other code does that, as far as it has been read; null where no place is known. */
  only: boolean | null;
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
  writer: Writer | null;
  stack: Frame[];
  message: string;
  fix: string;
  group: string;
  /** Whether its request is. */
  synthetic: boolean;
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

export interface Records {
  processes: Process[];
  threads: Thread[];
  requests: Request[];
  findings: Finding[];
  /** Of one group, the last counts. */
  marks: Mark[];
  measurements: Measurement[];
}
