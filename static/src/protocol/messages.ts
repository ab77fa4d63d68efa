/** Every message that the socket and the API exchange with this page: a part of the twin of `dashboard/protocol.py`. */

import type { Finding, Mark, Measurement, Process, Records, Request, Thread } from "./records";

export const PROTOCOL_VERSION = 2;
/** The code with which the server closes a socket whose person may no longer look. */
export const CLOSE_DENIED = 4403;
/** The most requests that one page of a list may hold. */
export const LIMIT_MAX = 1_000;

export interface Health {
  store: "ok" | "unreachable";
  message: string;
  corrupt: number;
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

/** Lines of the code around a place that a finding names. */
export interface Excerpt {
  role: "writer" | "reader";
  file: string;
  line: number;
  function: string;
  /** The number of the first of the lines. */
  first: number;
  lines: string[];
  /** Why there are none. */
  missing: "elsewhere" | "outside" | "gone" | "changed" | null;
}

/** Answer of `api/findings/<id>/code`. */
export interface FindingCode {
  excerpts: Excerpt[];
  /** The fix as code; null where its sentence has to do. */
  mending: string | null;
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
  /** Where further requests go on that match, on these threads or on others; null where none do. */
  cursor: string | null;
  corrupt: number;
}

export interface ProcessList {
  processes: Process[];
  measurements: Measurement[];
  /** As in `ThreadList`. */
  cursor: string | null;
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
