/** The details of a request out of what the page holds: all that there is when a file is shown. */

import { t } from "../lib/text";
import type { RequestDetail } from "../protocol/messages";
import type { Request } from "../protocol/records";
import { records } from "./live";

/** As many neighbours as the server gives. */
const BEFORE_MAX = 20;
const DURING_MAX = 50;
const AFTER_MAX = 20;

/** Return a request with its findings and with the requests that shared its thread. */
export function detailHere(id: string): Promise<RequestDetail> {
  const request = records.row(id)?.request;
  if (!request) return Promise.reject(new Error(t("This request is not in the opened file.")));
  const near = records.rows
    .map((row) => row.request)
    .filter((other) => other.id !== id && other.process === request.process && servedBy(other, request.thread_serial));
  const before = near.filter((other) => endOf(other) <= request.start_ns).sort((a, b) => endOf(b) - endOf(a));
  const after = near.filter((other) => other.start_ns >= endOf(request));
  const during = near.filter((other) => endOf(other) > request.start_ns && other.start_ns < endOf(request));
  return Promise.resolve({
    request,
    process: records.process(request.process) ?? null,
    thread: records.thread(request.process, request.thread_serial) ?? null,
    findings: [...records.findingsOf(id)],
    before: before.slice(0, BEFORE_MAX),
    during: during.slice(0, DURING_MAX),
    after: after.slice(0, AFTER_MAX),
  });
}

function servedBy({ thread_serial: serial, hops }: Request, wanted: number): boolean {
  return serial === wanted || hops.some((hop) => hop.thread_serial === wanted);
}

function endOf({ outcome, start_ns: startNs, duration_ns: lengthNs }: Request): number {
  return outcome === "open" ? Infinity : startNs + lengthNs;
}
