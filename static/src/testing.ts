/** Records for tests: whole ones, of which a test names only what it is about. */

import { REQUEST_FIELDS } from "./protocol/decoding";
import type { Finding, Measurement, Process, Request, Thread } from "./protocol/records";

export function request(given: Partial<Request> = {}): Request {
  return {
    id: "r1",
    process: "p1",
    pid: 4100,
    thread_id: 1,
    native_thread_id: 11,
    thread_serial: 1,
    thread_name: "MainThread",
    greenlet_id: null,
    greenlet_serial: null,
    task_id: null,
    task_serial: null,
    task_name: null,
    loop_id: null,
    protocol: "http",
    method: "GET",
    path: "/",
    route: "",
    view: "demo.views.home",
    status: 200,
    outcome: "ok",
    start_ns: 1_000,
    duration_ns: 5_000_000,
    trace_id: null,
    parent_span_id: null,
    user: { state: "authenticated", id: "1", label: "alice" },
    session: null,
    hops: [{ at_ns: 0, checkpoint: "start", thread_id: 1, thread_serial: 1, task_serial: null, greenlet_serial: null }],
    same_thread: { before: 0, at_once: 0 },
    query_string: null,
    readings: [],
    parent: null,
    presumed: null,
    sent_ns: null,
    messages: [],
    synthetic: false,
    ...given,
  };
}

/** A request as the socket brings it. */
export function packed(given: Request): unknown[] {
  return REQUEST_FIELDS.map((field) => given[field]);
}

export function thread(given: Partial<Thread> = {}): Thread {
  return {
    process: "p1",
    serial: 1,
    thread_id: 1,
    native_id: 11,
    name: "MainThread",
    sharing: "sequential",
    requests: 2,
    users: 2,
    max_in_flight: 1,
    seen_ns: 1,
    synthetic: 0,
    ...given,
  };
}

export function process(given: Partial<Process> = {}): Process {
  return {
    id: "p1",
    host: "shop-1",
    pid: 4100,
    parent_pid: 1,
    started_ns: 1,
    server: "gunicorn",
    worker_class: "gthread",
    interface: "wsgi",
    python: "3.11.7",
    django: "5.2",
    facts: {},
    seen_ns: 1,
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
    ...given,
  };
}

export function measurement(given: Partial<Measurement> = {}): Measurement {
  return {
    process: "p1",
    number: 1,
    measured_ns: 1,
    requests_in_flight: 0,
    requests_per_second: 0,
    dropped: 0,
    cpu_utilization: 0,
    memory_usage: 50_000_000,
    thread_count: 4,
    open_file_descriptor_count: 12,
    context_switches_voluntary: 0,
    context_switches_involuntary: 0,
    threads: null,
    ...given,
  };
}

export function finding(given: Partial<Finding> = {}): Finding {
  const nobody = { request: null, user: { state: "unresolved", id: null, label: null } } as const;
  return {
    id: "f1",
    request: "r1",
    kind: "crossed",
    level: "leak",
    checkpoint: "view",
    at_ns: 1,
    holder: null,
    holder_kind: null,
    expected: nobody,
    observed: nobody,
    writer: null,
    stack: [],
    message: "A holder names another request.",
    fix: "Clear it.",
    group: "g1",
    synthetic: false,
    ...given,
  };
}
