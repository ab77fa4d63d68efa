/** Records out of files: whether they are what they say, and what an older reqtrace did not write yet. */

import type { Finding, Process, Request, Thread } from "../protocol/records";

export interface TraceRecords {
  process: Process;
  thread: Thread;
  request: Request;
  finding: Finding;
}

export type Kind = keyof TraceRecords;

/** What a field must be; with a question mark it may also be null. */
type Shape = "text" | "text?" | "number" | "number?" | "list" | "object";
type Field<Value> = Value extends readonly unknown[] ? "list" : Value extends string ? "text" : Value extends number ? "number" : Value extends object ? "object" : never;
type ShapeOf<Value> = null extends Value ? `${Extract<Field<NonNullable<Value>>, "text" | "number">}?` : Field<Value>;
type Shapes<Record> = { [Name in keyof Record]?: ShapeOf<Record[Name]> };

/** What the page relies on. */
const NEEDED: { [K in Kind]: Shapes<TraceRecords[K]> } = {
  process: {
    id: "text",
    host: "text",
    pid: "number",
    parent_pid: "number",
    started_ns: "number",
    server: "text",
    worker_class: "text",
    interface: "text",
    python: "text",
    django: "text",
    facts: "object",
  },
  thread: {
    process: "text",
    serial: "number",
    name: "text",
    sharing: "text",
    requests: "number",
    users: "number",
    max_in_flight: "number",
  },
  request: {
    id: "text",
    process: "text",
    pid: "number",
    thread_serial: "number",
    thread_name: "text",
    method: "text",
    path: "text",
    route: "text",
    view: "text",
    outcome: "text",
    start_ns: "number",
    duration_ns: "number",
    user: "object",
    hops: "list",
    same_thread: "object",
    status: "number?",
  },
  finding: {
    id: "text",
    request: "text",
    kind: "text",
    level: "text",
    checkpoint: "text",
    at_ns: "number",
    expected: "object",
    observed: "object",
    holder: "text?",
    stack: "list",
    message: "text",
    fix: "text",
    group: "text",
  },
};

/** What came to the format after its first day, as a reader of it is to take it. */
const ADDED: { [K in Kind]: Partial<TraceRecords[K]> } = {
  process: {
    seen_ns: 0,
    ended_ns: null,
    requests: 0,
    dropped: 0,
    sampled_out: 0,
    faults: 0,
    last_fault: null,
    release: null,
    findings_dropped: 0,
    outages: 0,
    outage_ns: 0,
    trim_ns: 0,
    synthetic: 0,
    leaks: 0,
    hazards: 0,
    waiting: 0,
  },
  thread: { seen_ns: 0, synthetic: 0 },
  request: { query_string: null, readings: [], parent: null, presumed: null, sent_ns: null, messages: [], synthetic: false },
  finding: { synthetic: false },
};

/** A record that is none. */
export class BadRecord extends Error {
  constructor(readonly field: string) {
    super(field);
  }
}

/** Return a value as a record of a kind; throws `BadRecord` with the first field that is not what it must be. */
export function asRecord<K extends Kind>(kind: K, value: unknown): TraceRecords[K] {
  const fields = value as Readonly<Record<string, unknown>>;
  for (const [name, shape] of Object.entries(NEEDED[kind])) if (!isShaped(fields[name], shape as Shape)) throw new BadRecord(name);
  return { ...ADDED[kind], ...fields } as TraceRecords[K];
}

function isShaped(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case "text":
      return typeof value === "string";
    case "text?":
      return value === null || typeof value === "string";
    case "number":
      return typeof value === "number";
    case "number?":
      return value === null || typeof value === "number";
    case "list":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null;
  }
}
