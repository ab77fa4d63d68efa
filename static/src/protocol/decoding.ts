/**
 * How messages of the socket are read and written: a part of the twin of `dashboard/protocol.py`.
 *
 * Requests come through the socket without the names of their fields, which this module gives back to them.
 */

import { type Foreign, PROTOCOL_VERSION, type Seen, type ServerMessage } from "./messages";
import type { Hop, Request, User } from "./records";

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
  "parent", "presumed", "sent_ns", "messages", "synthetic",
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
  request.messages ??= [];
  request.synthetic ??= false;
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
