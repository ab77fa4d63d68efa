/** Files that were opened in the page, and are shown in place of what the server has. */

import { computed, signal } from "@preact/signals";

import { t } from "../lib/text";
import { NoTrace, type TraceText } from "../lib/trace-text";
import type { Records, Request } from "../protocol/records";
import { nextTask, readTrace } from "../trace-file";
import { stopClock } from "./clock";
import { choose, forgetAll, replaceAll, setPaused, take } from "./live";
import { RETAIN } from "./records";
import { lookAt } from "./timeline";

/** So many records are put into the page at once. */
const STEP = 2_000;

export interface OpenedFile {
  name: string;
  trace: TraceText;
}

/** A file that could not be opened. */
export interface Refusal {
  name: string;
  why: string;
}

/** What is shown in place of the server's records; empty as long as the page is live. */
export const opened = signal<readonly OpenedFile[]>([]);
/** How many requests the files hold, each counted once. */
export const requestsOpened = signal(0);
export const refused = signal<readonly Refusal[]>([]);
/** The file that is being read. */
export const reading = signal<{ name: string; share: number } | null>(null);

export const isLive = computed(() => opened.value.length === 0);
/** Whether some of what the files held could not be read. */
export const isPartial = computed(() => opened.value.some(({ trace }) => trace.problems.length > 0));

/** The other source of records, which falls silent while files are shown. */
export interface Server {
  leave(): void;
  comeBack(): void;
}

let server: Server = { leave() {}, comeBack() {} };
/** Grows with each attempt, so that one that was overtaken or broken off notices. */
let attempt = 0;

/** Say how the page leaves its server, and comes back to it. */
export function takeTurnsWith(other: Server): void {
  server = other;
}

/** Read files and show them beside those that are open already. */
export async function openFiles(files: readonly File[]): Promise<void> {
  const mine = ++attempt;
  const isOver = (): boolean => mine !== attempt;
  const read: OpenedFile[] = [];
  refused.value = [];
  for (const file of files) {
    reading.value = { name: file.name, share: 0 };
    try {
      const trace = await readTrace(file, (share) => !isOver() && (reading.value = { name: file.name, share }), isOver);
      if (isOver()) return;
      if (countOf(trace) === 0) throw new NoTrace(t("It holds no whole record."));
      read.push({ name: file.name, trace });
    } catch (error) {
      if (isOver()) return;
      refused.value = [...refused.value, { name: file.name, why: reason(error) }];
    }
  }
  if (read.length > 0) {
    if (isLive.value) server.leave();
    const all = [...opened.value.filter(({ name }) => !read.some((file) => file.name === name)), ...read];
    await showAll(all, isOver);
  }
  if (!isOver()) reading.value = null;
}

/** Break off what is being read. */
export function stopReading(): void {
  attempt += 1;
  reading.value = null;
}

/** Let go of all files, and come back to the server. */
export function closeFiles(): void {
  stopReading();
  opened.value = [];
  refused.value = [];
  stopClock(null);
  lookAt(null);
  choose(null);
  setPaused(false);
  forgetAll();
  server.comeBack();
}

async function showAll(files: readonly OpenedFile[], isOver: () => boolean): Promise<void> {
  const traces = files.map(({ trace }) => trace);
  const all = distinct(traces.flatMap((trace) => trace.requests)).sort((a, b) => a.start_ns - b.start_ns);
  const requests = all.slice(-RETAIN);
  const findings = traces.flatMap((trace) => trace.findings);
  const endMs = endOf(traces, requests);
  stopClock(endMs * 1e6);
  opened.value = files;
  requestsOpened.value = all.length;
  choose(null);
  setPaused(false);
  const processes = traces.flatMap((trace) => trace.processes);
  const threads = traces.flatMap((trace) => trace.threads);
  replaceAll({ processes, threads, requests: [], findings: [], marks: [], measurements: [] });
  for (const step of stepsOf(requests, findings)) {
    take(step);
    await nextTask();
    if (isOver()) return;
  }
  const [first] = requests;
  if (first) lookAt({ fromMs: first.start_ns / 1e6, toMs: endMs });
}

function* stepsOf(requests: Records["requests"], findings: Records["findings"]): Generator<Partial<Records>> {
  for (let at = 0; at < findings.length; at += STEP) yield { findings: findings.slice(at, at + STEP) };
  for (let at = 0; at < requests.length; at += STEP) yield { requests: requests.slice(at, at + STEP) };
}

/** Keep one state of each request: the last one, but never an open one behind one that ended. */
function distinct(requests: readonly Request[]): Request[] {
  const byId = new Map<string, Request>();
  for (const request of requests) {
    if (request.outcome !== "open" || !byId.has(request.id)) byId.set(request.id, request);
  }
  return [...byId.values()];
}

/** Return the moment, in milliseconds, at which the story of the files ends: the last request, or the export of an open one. */
function endOf(traces: readonly TraceText[], requests: readonly Request[]): number {
  const exportedMs = Math.max(0, ...traces.map((trace) => trace.exportedMs ?? 0));
  const isOpen = requests.some(({ outcome }) => outcome === "open");
  return requests.reduce((end, request) => Math.max(end, (request.start_ns + request.duration_ns) / 1e6), isOpen ? exportedMs : 0);
}

function countOf({ processes, threads, requests, findings }: TraceText): number {
  return processes.length + threads.length + requests.length + findings.length;
}

function reason(error: unknown): string {
  return error instanceof NoTrace ? error.message : t("It cannot be read: {reason}", { reason: (error as Error).message });
}
